#!/usr/bin/env python3
"""Writes a native Squid log: generate.py FILE [MEGABYTES]. The same bytes at every run.

2,000 hosts by a Zipf law, 5,000 users, 6,000 client addresses, times ascending.
"""

import random
import sys


def main():
    path = sys.argv[1]
    wanted = int(sys.argv[2] if len(sys.argv) > 2 else 200) * 1_000_000
    chance = random.Random(20_261_123)
    words = ["mail", "drive", "files", "crm", "chat", "cdn", "api", "app", "login", "static"]
    hosts = [f"{chance.choice(words)}{number}.service{number % 700}.example" for number in range(2_000)]
    weights = [1 / (rank + 1) for rank in range(len(hosts))]
    users = [f"user{number}" for number in range(5_000)]
    addresses = [f"10.{number >> 8}.{number & 255}.{chance.randrange(1, 255)}" for number in range(6_000)]
    codes = ["TCP_TUNNEL/200"] * 12 + ["TCP_MISS/200"] * 5 + ["TCP_MISS/304", "TCP_DENIED/403", "TCP_DENIED/407"]
    time = 1_763_000_000_000
    written = 0
    with open(path, "w", encoding="ascii", newline="\n") as file:
        while written < wanted:
            lines = []
            for host in chance.choices(hosts, weights, k=10_000):
                time += chance.randrange(0, 40)
                person = chance.randrange(5_000)
                code = chance.choice(codes)
                user = users[person] if chance.random() < 0.9 else "-"
                address = addresses[(person * 7 + chance.randrange(2)) % 6_000]
                size = int(300 * 3_000 ** chance.random())
                elapsed = chance.randrange(1, 90_000)
                if code.startswith("TCP_TUNNEL"):
                    asked = f"CONNECT {host}:443"
                    kind = "-"
                else:
                    asked = f"GET http://{host}/path/{chance.randrange(10 ** 6)}?q={chance.randrange(10 ** 4)}"
                    kind = "text/html"
                peer = "HIER_NONE/-" if "DENIED" in code else "HIER_DIRECT/203.0.113.9"
                lines.append(f"{time // 1000}.{time % 1000:03} {elapsed:6} {address} {code} {size} {asked} {user} {peer} {kind}\n")
            block = "".join(lines)
            file.write(block)
            written += len(block)


if __name__ == "__main__":
    main()
