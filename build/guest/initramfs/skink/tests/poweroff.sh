#!/bin/sh
# The machine must be gone after this (PSCI SYSTEM_OFF).
echo "skink-guest: powering off"
poweroff -f
