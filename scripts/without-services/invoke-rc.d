#!/bin/sh
# In the place of Debian's program of this name while scripts/dns-peers installs: no service is started or stopped.
exit 0
