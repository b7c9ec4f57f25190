/* The host of step.pml: what a verb does there, the dead-man, the reboot with its hook. */

/* One step of the verb that epoch e has under way: it only happens while its process was not ended. */
#define HELD(what) atomic { if :: lock == e -> what :: else -> goto lost fi }
#define ANSWER(a) atomic { if :: lock == e -> lock = 0; box[e] = a; goto idle :: else -> goto lost fi }
#define WRITE(x, intent) MUST(3, journal == intent); MUST(5, e >= accepted); files = x

proctype R(byte e) {
  byte seen;
idle:
  box[e] > IDLE && box[e] < OK;
#ifdef LIVE
  atomic { lock == 0 -> if :: hepoch == e -> lock = e :: else -> box[e] = FENCED; goto idle fi };
#else
#ifdef CHECKFIRST
  if :: hepoch == e -> skip :: else -> box[e] = FENCED; goto idle fi;
#endif
  atomic { lock == 0 -> lock = e };
#if !defined(NOFENCE) && !defined(CHECKFIRST)
  atomic { if :: lock != e -> goto lost
              :: lock == e && hepoch != e -> lock = 0; box[e] = FENCED; goto idle
              :: else -> skip fi };
#endif
#endif
  if
  :: box[e] == SNAP ->
#ifndef RESNAP
     if :: snap -> goto ok :: else -> skip fi;
#endif
     HELD(seen = files);
     HELD(snapval = seen; snap = true; seen = 0)
  :: box[e] == ARM ->                        /* under the gate; refused unless the token is none or armed */
     atomic {
       if :: lock != e -> goto lost
          :: lock == e && snap && (token == NONE || token == ARMED) ->
               token = ARMED;
#ifdef LIVE
               late = false;
               thisboot = true;
#endif
               if :: dm == GONE || dm == HOOK -> dm = WATCH :: else -> skip fi
          :: else -> goto no fi }
  :: box[e] == APPLY ->
#ifndef REAPPLY
     if :: started -> goto no :: else -> skip fi;
#endif
#ifndef NOTOKEN
     if :: token != ARMED -> goto no :: else -> skip fi;
#endif
#ifdef LIVE
     HELD(started = true; files = 2; applied = true)
#else
     HELD(MUST(4, !started); started = true);
     HELD(WRITE(1, APPLYING));
     HELD(WRITE(2, APPLYING));
     HELD(applied = true)
#endif
  :: box[e] == VERIFY ->
     if :: files != 2 -> goto no :: else -> skip fi
  :: box[e] == COMMIT ->                     /* mv -T armed committed: this rename decides */
     atomic {
       if :: lock != e -> goto lost
#ifdef COMMITAFTERFIRE
          :: lock == e -> token = COMMITTED; GHOST(hadc = true)
#else
          :: lock == e && (token == ARMED || token == COMMITTED) -> token = COMMITTED; GHOST(hadc = true)
          :: else -> goto no
#endif
       fi }
  :: box[e] == RESTORE ->
     HELD(token = FIRING; GHOST(hadf = true));
#ifdef LIVE
     HELD(files = 0; token = RESTORED)
#else
     HELD(WRITE(1, ROLLING));
     HELD(WRITE(snapval, ROLLING));
     HELD(token = RESTORED)
#endif
  fi;
ok:
  ANSWER(OK);
no:
  ANSWER(NO);
lost:
  atomic { seen = 0; box[e] = LOST; goto idle }
}

#ifdef FIRENOKILL
#define MINE (dm == FIRE)
#else
#define MINE (lock == BYDM)
#endif
/* The dead-man ends what works for the step, except for what puts it back. */
#ifdef FIREENDSBACK
#define ENDED RESTORE
#else
#define ENDED VERIFY
#endif
#define TURN(what) atomic { if :: MINE -> what :: else -> goto fire fi }

active proctype Deadman() {
watch:
  if
#ifdef NOGATE
  :: atomic { dm == WATCH && !GUARDS -> dm = LEAVE }
  :: atomic { dm == LEAVE -> dm = GONE }
#elif defined(TORNTOKEN)
  :: atomic { dm == WATCH && !GUARDS -> dm = GONE }
  :: atomic { dm == WATCH && token == ARMED && lock <= NE && box[lock] == RESTORE -> dm = LEAVE } /* not firing, so far */
  :: atomic { dm == LEAVE -> if :: token == ARMED -> dm = WATCH :: else -> dm = GONE fi }
#else
  :: atomic { dm == WATCH && !GUARDS -> dm = GONE }
#endif
  :: atomic { dm == WATCH && PASSED && token == ARMED -> token = FIRING; GHOST(hadf = true); dm = FIRE; goto fire }
  :: atomic { dm == WATCH && PASSED && token == FIRING -> dm = FIRE; goto fire }
#ifdef LIVE
  :: atomic { dm == WATCH && !late && GUARDS -> late = true }
  :: atomic { dm == HOOK -> if :: GUARDS && !thisboot -> late = true; dm = WATCH :: else -> dm = GONE fi }
#endif
  fi;
  goto watch;
fire:
  atomic {
    dmep = 0;
    if :: dm != FIRE -> goto watch           /* there was a reboot */
#if !defined(FIRENOKILL) && !defined(FIREWAIT)
       :: dm == FIRE && OPERATES(lock, ENDED) -> lock = 0
#endif
       :: dm == FIRE -> skip                 /* nobody there, or not recorded yet: waited for */
    fi };
  dmep = hepoch;
#ifdef FIRENOKILL
  beside = true;
#else
  atomic { if :: dm != FIRE -> goto fire :: dm == FIRE && lock == 0 -> lock = BYDM fi };
#endif
  atomic { if :: !MINE -> goto fire
#ifndef FIRENOKILL
              :: MINE && hepoch != dmep -> lock = 0; goto fire
#endif
#ifndef STALEFIRE
              :: MINE && hepoch == dmep && token != FIRING -> lock = 0; dmep = 0; dm = WATCH; goto watch
#endif
              :: else -> skip fi };
#ifdef LIVE
  TURN(files = 0; token = RESTORED; dmep = 0; dm = WATCH; lock = 0);
#else
  TURN(MUST(5, dmep >= accepted); files = 1);
  TURN(MUST(5, dmep >= accepted); files = snapval);
  TURN(token = RESTORED; dmep = 0; dm = WATCH);
#ifdef FIRENOKILL
  beside = false;
#else
  atomic { if :: lock == BYDM -> lock = 0 :: else -> skip fi };
#endif
#endif
  goto watch
}

/* Keeps what is durable; ends the runner and the dead-man. The hook takes up what it finds guarded. */
active proctype Reboot() {
  atomic {
    reboots && (lock != 0 || dm != GONE || token != NONE) ->
      reboots = false;
      lock = 0;
#ifdef FIRENOKILL
      beside = false;
#endif
#ifdef LIVE
      thisboot = false;
#endif
#ifdef NOHOOK
      dm = GONE
#elif defined(LIVE)
      dm = HOOK
#else
      if :: GUARDS -> dm = WATCH :: else -> dm = GONE fi
#endif
  }
}
