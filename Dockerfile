FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
# A note as PDF holds names in any script.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-color-emoji && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements/production.txt requirements/
RUN pip install --require-hashes -r requirements/production.txt
COPY manage.py ./
COPY opendialogue opendialogue
COPY network network
COPY referrals referrals
COPY meetings meetings
COPY templates templates
COPY static static
# The values are needed to start the command and are in no process that serves.
RUN SECRET_KEY=build SITE_URL=https://build DATABASE_URL=postgresql://build REDIS_URL=memory:// \
    python manage.py collectstatic --no-input && \
    useradd --system --uid 10001 --no-create-home opendialogue
USER 10001
EXPOSE 8000
CMD ["gunicorn", "opendialogue.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]
