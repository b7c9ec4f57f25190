# systemd.sh: a service that systemd looks after. Every call has a deadline, because systemctl may wait for ever.
# shellcheck shell=sh
control() { timeout "$1" systemctl --no-ask-password "$2" ${3:+--} ${3:+"$3"} 9>&-; }

# The unit's state, from the words that systemctl prints; its exit status differs between versions.
running() {
  case $(control 30 is-active "$name" 2>/dev/null) in active | activating | reloading) return 0 ;; esac
  return 1
}
enabled_word() {
  value=$(control 30 is-enabled "$name" 2>/dev/null)
  case $value in '' | *[!a-z-]*) value=unknown ;; esac
}
start_digest() { value=-; }
start_service() { control 90 start "$name" || die "systemd could not start $name: look at journalctl -u $name"; }
stop_service() { control "$((stop_timeout + 90))" stop "$name" || die "systemd could not stop $name"; }
reload_service() { control 90 reload-or-restart "$name" || die "systemd could not reload $name"; }
forget_units() { control 30 daemon-reload || die 'systemd could not read its units again'; }
set_enabled() {
  case $1 in
    yes | enabled) control 30 enable "$name" || die "systemd could not enable $name" ;;
    no | disabled) control 30 disable "$name" || die "systemd could not disable $name" ;;
  esac
}
remember_start() { :; }
keep_start() { :; }
bring_start_back() { :; }
