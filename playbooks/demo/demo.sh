#!/bin/sh
# Plays a release train through the sandbox: 1.0 and 1.1 reach production, 1.2 breaks there and everything comes back.
#
# Starts from an empty sandbox each time. Every command is shown as an operator would type it, and its exit status is
# checked: the demo ends with 1 when Belay does not do what this story says.
#
# usage: demo.sh     BELAY_SANDBOX and BELAY_BUILD as for sandbox.sh
set -eu
LC_ALL=C
export LC_ALL
umask 077

here=$(cd "$(dirname "$0")" && pwd)
. "$here/sandbox-lib.sh"
portal=$(cd "$here/../permits-portal" && pwd)

if [ -t 1 ]; then
  bold=$(printf '\033[1m')
  plain=$(printf '\033[0m')
else
  bold=
  plain=
fi

heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '   %s\n' "$*"; }

# A word as it would be typed.
typed() {
  case $1 in
    *[!A-Za-z0-9_./:=,@+-]* | '') printf " '%s'" "$1" ;;
    *) printf ' %s' "$1" ;;
  esac
}

# expect STATUS COMMAND...: shows the command, runs it, and insists on its exit status.
expect() {
  wanted=$1
  shift
  printf '\n%s$' "$bold"
  for word in "$@"; do typed "$word"; done
  printf '%s\n' "$plain"
  status=0
  "$@" || status=$?
  if [ "$status" != "$wanted" ]; then
    printf '\ndemo: that ended with %s; the story says %s. The sandbox is left as it is: %s/sandbox.sh status\n' \
      "$status" "$wanted" "$here" >&2
    exit 1
  fi
}

# What stands on a production host, without Belay's help: every path with mode, owner, size, target and content. The
# portal's log and pid change by themselves.
standing() {
  (
    cd "$S/hosts/$1/portal"
    find . \( -path ./log -o -path ./run -o -path ./tmp \) -prune -o -printf '%y %m %u %g %p %l\n' | sort
    find etc releases -type f -exec sha256sum {} + | sort -k2
  )
}

# The footer that visitors of a host see.
visitors_see() {
  printf '   %-7s /health %s, visitors see: %s\n' "$1" \
    "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$2/health")" \
    "$(curl -s "http://127.0.0.1:$2/" | sed -n 's/.*<footer>\(Permits portal [0-9.]*\).*/\1/p')"
}

production() {
  port=$(($(cat "$S/ports") + 6))
  fleet | while read -r name environment _; do
    if [ "$environment" = production ]; then visitors_see "$name" "$port"; fi
    port=$((port + 1))
  done
}

started=$(date +%s)

heading "A fresh sandbox: three environments, six hosts, one daemon"
"$here/sandbox.sh" reset >/dev/null
"$here/sandbox.sh" start --quiet
. "$S/env.sh"
cd "$S/packages"

heading "A release becomes a package: canonical, signed, checkable by hand"
for version in 1.0 1.1 1.2; do
  cp -R "$portal/$version" "portal-$version"
done
expect 0 belay lint portal-1.0
expect 0 belay package build portal-1.0 -o portal-1.0.belay
expect 0 belay package sign portal-1.0.belay --key "$S/keys/release"
expect 0 belay package verify portal-1.0.belay --signers "$S/config/allowed_signers"

heading "1.0 goes to development, and production refuses it: nobody has rehearsed the way back"
expect 0 belay deploy portal-1.0.belay -e development
expect 5 belay deploy portal-1.0.belay -e production

heading "Rehearsal in test: deploy, roll back, prove, deploy. Then production, one host first"
expect 0 belay rehearse portal-1.0.belay -e test
expect 0 belay deploy portal-1.0.belay -e production
production

heading "1.1 takes the same road"
belay package build portal-1.1 -o portal-1.1.belay >/dev/null
belay package sign portal-1.1.belay --key "$S/keys/release" >/dev/null
# The differences of new files are the files themselves; here the list of items says enough.
printf "\n%s\$ belay plan portal-1.1.belay -e development | grep -v '^          '%s\n" "$bold" "$plain"
belay plan portal-1.1.belay -e development >plan-1.1
grep -v '^          ' plan-1.1
expect 0 belay deploy portal-1.1.belay -e development
expect 0 belay rehearse portal-1.1.belay -e test
expect 0 belay deploy portal-1.1.belay -e production
production

heading "1.2 is fine in development and in test"
belay package build portal-1.2 -o portal-1.2.belay >/dev/null
belay package sign portal-1.2.belay --key "$S/keys/release" >/dev/null
expect 0 belay deploy portal-1.2.belay -e development
expect 0 belay rehearse portal-1.2.belay -e test

heading "… and wrong on the second batch of production: everything comes back, the healthy first host too"
for host in prod-1 prod-2 prod-3; do standing "$host" >"before-$host"; done
expect 2 belay deploy portal-1.2.belay -e production
production

heading "Is it really as it was? Belay's proof, Belay's drift check, and find with sha256sum"
run=$(belay run list -e production -n 1 -o json | sed -n 's/.*"id": *"\([0-9A-Z]*\)".*/\1/p')
expect 0 belay proof "$run"
expect 0 belay diff permits-portal -e production
for host in prod-1 prod-2 prod-3; do
  standing "$host" >"after-$host"
  cmp -s "before-$host" "after-$host" || die "$host differs: diff $S/packages/before-$host $S/packages/after-$host"
  say "$host: $(grep -c . "after-$host") lines of find and sha256sum, the same before and after"
done

heading "1.2 is blocked until a person lifts that"
expect 5 belay deploy portal-1.2.belay -e production

heading "Now you (this took $(($(date +%s) - started)) s)"
cat <<END
   The sandbox still runs. The hosts of the second batch charge by fee schedule 2025, which 1.2 no longer ships.

     . $S/env.sh
     belay run show $run            # what happened, host by host
     belay logs $run                # what the steps said
     belay rollback permits-portal -e production --reason 'try it'
     curl http://127.0.0.1:$(($(cat "$S/ports") + 9))/              # the first production host, as visitors see it

   $here/sandbox.sh stop            # ends every process of the sandbox, reset also forgets it
END
