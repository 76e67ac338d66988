"""The cache counts tries at sign-in and remembers used codes. It must not be what keeps people out."""

import logging

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

log = logging.getLogger(__name__)


class StubbornCache(RedisCache):
    """Redis, and this process's own memory while Redis is out of reach: sign-in goes on, and tries are still counted."""

    def __init__(self, server, params):
        super().__init__(server, params)
        self.meanwhile = LocMemCache("meanwhile", params)


def _stubborn(name):
    shared = getattr(RedisCache, name)

    def method(self, *args, **kwargs):
        try:
            return shared(self, *args, **kwargs)
        except (redis.ConnectionError, redis.TimeoutError):
            log.warning("The cache is out of reach: using this process's memory.")
            return getattr(self.meanwhile, name)(*args, **kwargs)

    return method


for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "has_key",
    "incr",
    "get_many",
    "set_many",
    "delete_many",
    "clear",
):
    setattr(StubbornCache, _name, _stubborn(_name))
