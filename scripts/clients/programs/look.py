# look.py lookup NAME: prints the address of NAME that glibc gives this process, each time it is another one.
import socket
import sys
import time

last = None
while True:
    try:
        seen = socket.getaddrinfo(sys.argv[2], 8000, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    except OSError:
        seen = "none"
    if seen != last:
        print(seen, flush=True)
        last = seen
    time.sleep(0.05)
