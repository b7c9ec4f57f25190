# manager.sh: a service under one of two managers. Sourced by the resource's scripts and by the action.
# shellcheck shell=sh

# the_service: the parameters; then running, start, stop, reload mean the same whoever looks after the service.
the_service() {
  need name
  name=$value
  case $name in -* | *[!A-Za-z0-9@._:-]*) die "\"$name\" is not a service's name" ;; esac
  param_or stop_timeout 10
  stop_timeout=$value
  case $stop_timeout in '' | *[!0-9]*) die 'stop_timeout is not a number of seconds' ;; esac
  param_or manager systemd
  manager=$value
  case $manager in
    systemd)
      command -v systemctl >/dev/null 2>&1 || die "this host has no systemd: give the service a \"manager: process\""
      # shellcheck source=systemd.sh
      . "$BELAY_KIT/resource/service/systemd.sh"
      ;;
    process)
      # shellcheck source=process.sh
      . "$BELAY_KIT/resource/service/process.sh"
      ;;
    *) die "there is no manager \"$manager\": use systemd or process" ;;
  esac
}

# state_lines: the manifest of the service.
state_lines() {
  if running; then say '= running yes'; else say '= running no'; fi
  enabled_word
  say "= enabled $value"
  start_digest
  say "= start $value"
}
