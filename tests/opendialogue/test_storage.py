"""Scripts that import one another do so by names that change with their contents."""

import os
import re
import subprocess
import sys

from django.conf import settings

SET = {
    "SECRET_KEY": "x",
    "SITE_URL": "https://word.example",
    "DATABASE_URL": "postgresql://x/y",
    "REDIS_URL": "memory://",
}


def test_a_script_imports_the_version_it_was_made_for(tmp_path):
    code = (
        f"import django; from django.conf import settings; settings.STATIC_ROOT = {str(tmp_path)!r}; django.setup();"
        "from django.core.management import call_command; call_command('collectstatic', '--no-input', verbosity=0)"
    )
    environment = SET | {"DJANGO_SETTINGS_MODULE": "opendialogue.settings", "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, check=True)
    scripts = [path for path in (tmp_path / "js").glob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    imported = [name for path in scripts for name in re.findall(r'from "\./(.+?)"', path.read_text())]
    assert imported
    assert set(imported) <= {path.name for path in scripts}
