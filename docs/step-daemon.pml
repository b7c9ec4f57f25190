/* The daemons of step.pml. D(e) is one incarnation, from its lease on; what it learned it only learns from the journal at
   its start, from answers, and from writes of the journal that are refused. */

#ifdef LIVE
#ifdef LASTLIVES
#define MORTAL (e < NE)
#else
#define MORTAL true
#endif
#define ASK(op) box[e] = op; if :: (box[e] == OK || box[e] == NO || box[e] == LOST) -> skip :: MORTAL -> goto stop fi
#define CAS(x) atomic { if :: lease == e -> journal = x :: lease == e && MORTAL -> journal = x; goto stop :: else -> goto stop fi }
#else
#define ASK(op) box[e] = op; (box[e] == OK || box[e] == NO || box[e] == LOST)
#define CAS(x) atomic { if :: lease == e -> journal = x :: else -> goto stop fi }
#endif

proctype D(byte e) {
#ifdef LIVE
  atomic { lease == e - 1 -> lease = e; if :: alive[e] = true :: MORTAL -> goto stop fi };
#else
  atomic { lease == e - 1 -> lease = e };
#endif
#ifdef FENCERACE
  if :: hepoch < e -> skip :: else -> goto stop fi;
  atomic { MUST(6, e >= hepoch); hepoch = e };
#else
  atomic { if :: hepoch < e -> hepoch = e :: else -> goto stop fi };
#endif
  do                                         /* ends who is older, until the lock was its own for a moment */
  :: atomic { hepoch == e && (lock == 0 || (lock == BYDM && dmep == e)) -> GHOST(accepted = e); break }
#ifndef NOKILL
  :: atomic { hepoch == e && lock != e && OPERATES(lock, RESTORE) -> lock = 0 }
  :: atomic { hepoch == e && lock == BYDM && dmep != e -> lock = 0 }
#endif
  :: hepoch != e -> goto stop
  od;
  if
#ifdef LIVE
  :: MORTAL -> goto stop
#endif
  :: journal == PENDING -> goto pending
  :: journal == SNAPPED -> goto snapped
  :: journal == GUARDED -> goto guarded
  :: journal == APPLYING ->                  /* C6 to C8: what the marker says, or back */
     if :: applied -> goto ended :: true -> goto roll fi
  :: journal == VERIFYING -> goto verifying
  :: journal == COMMITTING -> goto unknown
  :: journal == ROLLING -> goto rolling
  :: journal == DONE || journal == ROLLED -> goto stop
  fi;
pending:
  ASK(SNAP);
  if :: box[e] != OK -> goto pending :: else -> skip fi;
  CAS(SNAPPED);
snapped:
  ASK(ARM);
  if :: box[e] == NO -> goto roll            /* C4, and the dead-man was first */
     :: box[e] == LOST -> goto snapped
     :: else -> skip fi;
  CAS(GUARDED);
guarded:
#ifdef LATEINT
  ASK(APPLY);
  CAS(APPLYING);
#else
  CAS(APPLYING);
again:
  ASK(APPLY);
#endif
#ifdef REAPPLY
  if :: box[e] == LOST -> goto again :: else -> skip fi;
#endif
  if :: box[e] == OK -> skip :: else -> goto roll fi;
ended:
  CAS(VERIFYING);
verifying:
  if :: goto roll :: true -> skip fi;        /* apply or verify failed, or somebody stopped the run */
#ifndef LIVE
  ASK(VERIFY);
  if :: box[e] == LOST -> goto verifying :: box[e] == NO -> goto roll :: else -> skip fi;
#endif
  CAS(COMMITTING);
  ASK(COMMIT);
  if :: box[e] == NO -> goto roll :: box[e] == LOST -> goto unknown :: else -> goto committed fi;
unknown:                                     /* C11: the token says */
  if :: token == COMMITTED -> skip
     :: token == ARMED -> goto verifying
     :: token == FIRING || token == RESTORED -> goto roll fi;
committed:
  CAS(DONE);
  goto stop;
roll:
  CAS(ROLLING);
rolling:
  if :: token == RESTORED -> skip            /* C13: the host did it */
     :: true -> ASK(RESTORE); if :: box[e] == OK -> skip :: else -> goto rolling fi
  fi;
  CAS(ROLLED);
stop:
  atomic {
#ifdef LIVE
    alive[e] = false;
#endif
    if :: box[e] >= OK -> box[e] = IDLE :: else -> skip fi
  }
}

#ifdef LIVE
#ifdef RENEWNOEPOCH
#define MAYRENEW(e) thisboot
#elif defined(RENEWBOOT)
#define MAYRENEW(e) (hepoch == e)
#else
#define MAYRENEW(e) (hepoch == e && thisboot)
#endif
/* The heartbeats of all daemons. One that was deposed is not told, and goes on for ever. */
#define BEATS(e) ((alive[e] || hepoch > e) && MAYRENEW(e))
#if NE > 1
#define ANYBEATS (BEATS(1) || BEATS(2))
#else
#define ANYBEATS BEATS(1)
#endif
proctype Renewals() {
  do
  :: atomic { late && token == ARMED && ANYBEATS -> late = false; thisboot = true }
  od
}
#endif
