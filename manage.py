#!/usr/bin/env python3
"""Django's command line. Without settings in the environment it works on the local database (see DEVELOPING.md)."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendialogue.settings")
    from opendialogue import local

    if local.wanted():
        local.set_environment(role="od_owner")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
