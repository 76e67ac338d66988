"""The load of many at once, in a process of its own: each request at the moment that was drawn for it, on a connection of its own.

Reads a plan as JSON from standard input, writes the seconds of each request, and how many were not answered as they should be.
"""

import asyncio
import json
import sys
import time


async def main(port, requests):
    """Each request: [seconds from now, method, path, cookie, token, body]."""
    begin = time.perf_counter() + 0.5
    return await asyncio.gather(*(one_of_many(port, begin, *request) for request in requests))


async def one_of_many(port, begin, wait, method, path, cookie, token, body):
    """Seconds from the moment it was due to the last byte, and whether it was answered well."""
    due = begin + wait
    await asyncio.sleep(due - time.perf_counter())
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
        f"Accept: application/json\r\nCookie: {cookie}\r\nX-CSRFToken: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body.encode())
        answer = await reader.read()
        writer.close()
    except OSError:
        return time.perf_counter() - due, False
    return time.perf_counter() - due, answer.startswith(b"HTTP/1.1 200") and b'"done": false' not in answer


if __name__ == "__main__":
    plan = json.load(sys.stdin)
    json.dump(asyncio.run(main(plan["port"], plan["requests"])), sys.stdout)
