/* SPDX-License-Identifier: Apache-2.0 */
/*
 * door: the door protocol of one locker, beside the code that carries it out. Two compartments, three orders, one person
 * at the kiosk at a time; power cuts anywhere, jams, stale reads, forced doors, silent boards, withdrawals, forgetful
 * patients and staff. Every line of what the controller does has its counterpart in controller/{compartment,order,
 * ledger,gate,opening,pickup,loading,inspection,staff,cabinet_events,locker}.c and bears its names.
 *
 * The world moves in events: exactly one of the lines of `life` below. An event that is to pulse a lock goes in three
 * steps: decided (in memory only), committed (on the disk), acted (the lock moves); the power may fail between them. For
 * all others a cut before the commit is the same as a cut before the event, so they are one step.
 *
 * INV(n, ...) are the invariants of docs/safety.md. M_... are seeded mistakes: each must be found (mutants.txt).
 * In a simulation each event is printed as "EV ..." and the state after it as "ST ..."; replay.c does the same to the
 * shipped code and compares.
 */

/* ---------------------------------------------------------------- bounds; run.sh sets others */
#ifndef CUTS
#define CUTS 1 /* power cuts */
#endif
#ifndef FORCES
#define FORCES 0 /* doors opened without us */
#endif
#ifndef LOSSES
#define LOSSES 0 /* boards that fall silent */
#endif
#ifndef STALES
#define STALES 0 /* answers of the bus to an earlier question */
#endif
#ifndef WITHDRAWS
#define WITHDRAWS 0
#endif
#ifndef EXPIRES
#define EXPIRES 0 /* orders whose time is over, or the ten minutes after the first pulse */
#endif
#ifndef FAILS
#define FAILS 0 /* pulses that were not sent, or of which nobody knows */
#endif
#ifndef REPORTS
#define REPORTS 0 /* patients who say before the open door that something is wrong */
#endif
#ifndef ORDERS
#define ORDERS 3
#endif
#ifndef TRIES
#define TRIES 3 /* pulses of staff for one opening */
#endif
#ifndef LIVENESS
#define LIVENESS 0
#endif
#ifndef QUICK
#define QUICK 0
#endif
#ifndef CURIOUS
#define CURIOUS 0 /* staff looks into what is FREE, too */
#endif

/* Runs by chance. People also try what will be refused: no new states, but more events to compare with the code. That,
 * faults, and turning away are drawn one time in sixteen only (what fails in a lock, one in four): else a bag would hardly
 * ever be put in, let alone collected or complained of. */
#ifdef CHANCE
#define RARELY (luck == 0)
#define AT_TIMES (luck < 4)
#define MAY(e) ((e) || RARELY)
byte luck;
#else
#define RARELY true
#define AT_TIMES true
#define MAY(e) (e)
#endif

#ifdef MUTANT
#define IS(m) (MUTANT == m)
#else
#define IS(m) false
#endif

/* ---------------------------------------------------------------- the mistakes */
#define M_LOADING_FREE 1    /* a restart frees a compartment that was being loaded */
#define M_OPENING_FREE 2    /* a restart frees a compartment that was being collected */
#define M_NO_LOOK 3         /* nobody looks whether it is empty before putting a bag in */
#define M_PULSE_FIRST 4     /* the lock moves before the intent is on the disk */
#define M_OTHER_DOOR 5      /* after a jam the other door is tried */
#define M_OPEN_DOORS 6      /* a pickup begins while another door is open */
#define M_STALE 7           /* one read of a contact is believed */
#define M_FORCED_CLOSED 8   /* a forced door that was closed is as before */
#define M_TWO_STAFF 9       /* a second badge takes the session while a door is at work */
#define M_LATE_VERDICT 10   /* a withdrawal that came while the code was computed is overlooked */
#define M_LATE_RETRY 11     /* a withdrawal that came while the door jammed is overlooked */
#define M_OUT_OFFERED 12    /* a compartment that is OUT is offered for loading */
#define M_LABEL_AGAIN 13    /* the label of a collected order loads it once more */
#define M_UNKNOWN_CLOSED 14 /* a door without a reading counts as closed */
#define M_PULSES_FORGOTTEN 15 /* a restart forgets how often a code has pulsed */
#define M_NO_REST 16        /* after a pulse of unknown outcome the goal follows at once */
#define M_EMPTY_UNSEEN 17   /* "empty" is believed of a door that never opened */
#define M_JAM_COLLECTED 18  /* a jam counts as collected */
#define M_TWO_PLACES 19     /* an order that lies here already is loaded again */
#define M_AFTER_GRACE 20    /* a code pulses after the ten minutes */
#define M_EXPIRED 21        /* a code opens after the order has expired */
#define M_GIVEN_UP_OPEN 22  /* a door last seen open is given up as if it were closed */
#define M_REMOVED_ALIVE 23  /* an order that staff took out can still be collected */
#define M_FOUR_PULSES 24    /* a fourth pulse */
#define M_TAKEN_KEEPS 25    /* a collected compartment stays bound to its order */
#define M_LOST_KEEPS 26     /* a silent board's doors are never declared OUT, and count as closed */
#define M_KEEP_ANY 27       /* an inspection keeps whatever bag it is shown */
#define M_UNSEEN_LABEL 28   /* a bag is confirmed behind a door that never opened */
#define M_REPORT_TAKEN 29   /* what its patient said was wrong counts as collected */
#define M_REPORT_LATE 30    /* a report changes nothing before the door is closed */
/* Of liveness: */
#define M_OUT_FOR_EVER 40   /* OUT cannot be inspected */
#define M_VOID_STUCK 41     /* a withdrawn bag cannot be taken out */
#define M_BUSY_FOR_EVER 42  /* a pulse of unknown outcome never ends */

/* ---------------------------------------------------------------- names: as in compartment.h, order.h */
#define FREE 0
#define LOADING 1
#define LOADED 2
#define OPENING 3
#define TAKEN 4
#define CHECK 5
#define FORCED 6
#define OUT 7

#define O_NONE 0 /* no slot: never heard of, or forgotten */
#define O_KNOWN 1
#define O_READY 2
#define O_OPENING 3
#define O_DONE 4
#define O_UNCONFIRMED 5
#define O_VOID 6

/* The transition tables: where a cause leads from state s; s itself: ignored. replay.c holds them against the code. */
#define LOAD(s) ((s) == FREE || (s) == TAKEN || (IS(M_OUT_OFFERED) && (s) == OUT) -> LOADING : (s))
#define CONFIRM(s) ((s) == LOADING -> LOADED : (s))
#define ABANDON(s) ((s) == LOADING -> CHECK : (s))
#define PICKUP(s) ((s) == LOADED -> OPENING : (s))
#define COLLECT(s) ((s) == OPENING -> TAKEN : (s))
#define UNCONFIRM(s) ((s) == OPENING -> LOADED : (s))
#define JAM(s) ((s) == LOADING || (s) == OPENING -> CHECK : (s))
#define LEAVE(s) ((s) == OPENING -> CHECK : (s))
#define WITHDRAW(s) ((s) == LOADING || (s) == LOADED || (s) == OPENING -> CHECK : (s))
#define INSPECT(s) ((s) == FREE || (s) == LOADED || (s) == TAKEN || (s) == FORCED || (s) == OUT -> CHECK : (s))
#define EMPTY(s) ((s) == CHECK -> FREE : (s))
#define KEEP(s) ((s) == CHECK -> LOADED : (s))
#define FORCE(s) ((s) != FORCED -> FORCED : (s))
#define LOSE(s) ((s) != FORCED && (s) != OUT -> OUT : (s))
#define RESTART(s) ((s) == LOADING -> CHECK : ((s) == OPENING -> LOADED : (s)))
#define DISAGREE(s) ((s) == FREE || (s) == LOADED || (s) == TAKEN -> CHECK : (s))
#define REPORT(s) ((s) == OPENING || (s) == TAKEN -> CHECK : (s))

#define O_LOAD(s) ((s) == O_KNOWN -> O_READY : (s))
#define O_PICKUP(s) ((s) == O_READY || (s) == O_UNCONFIRMED -> O_OPENING : (s))
#define O_COLLECT(s) ((s) == O_OPENING -> O_DONE : (s))
#define O_UNCONFIRM(s) ((s) == O_OPENING -> O_UNCONFIRMED : (s))
#define O_WITHDRAW(s) ((s) == O_KNOWN || (s) == O_READY || (s) == O_UNCONFIRMED -> O_VOID : (s))
#define O_REMOVE(s) ((s) == O_READY || (s) == O_UNCONFIRMED -> O_VOID : (s))

#define STEP(c, cause) st[c] = cause(st[c])
#define O_STEP(o, cause) os[o] = cause(os[o])

/* ---------------------------------------------------------------- durable */
byte st[2];       /* compartment: state */
byte bd[2];       /* compartment: bound order + 1, 0 none */
byte os[ORDERS];  /* order: state */
byte np[ORDERS];  /* order: pulses of the patient */
bool oe[ORDERS];  /* order: a withdrawal waits for the end of its pickup */
bool gr[ORDERS];  /* order: the ten minutes are over */
bool xp[ORDERS];  /* order: expired */

/* While a pulse is decided but not committed: what the disk still says. */
byte stage; /* 0 idle, 1 decided, 2 committed */
byte dst[2], dbd[2], dos[ORDERS], dnp[ORDERS];

/* ---------------------------------------------------------------- volatile */
#define CLOSED 1
#define OPEN 2
byte sens[2];  /* contact as last told: 0 unknown */
byte raw[2];   /* the last read, 0 none (hw/debounce.c) */
bool seen[2];  /* told something since the start */
bool wo[2];    /* open as last known, also across a time without readings */
bool brd[2];   /* its board answers */
byte lately;   /* door + 1 of a pulse in the last 5 s */
byte todo;     /* door + 1 of the pulse that is decided */
byte pend;     /* door + 1 of the pulse without completion */
bool rest;     /* a coil of unknown state is given time */

/* The one at the kiosk. */
#define NOBODY 0
#define CHECKING 1 /* a patient whose code is being computed */
#define COLLECTS 2 /* a patient and his door */
#define MENU 3
#define LOADS 4
#define LABELS 5
#define LOOKS 6
#define ASKED 7
byte ses, sc, so; /* who, compartment, order */
#define PULSED 1
#define JAMMED 2
#define IS_OPEN 3
byte ph, tries; /* of opening.c */
bool lo;        /* his door was told as left open */
bool cm;        /* he said that something is wrong */

/* ---------------------------------------------------------------- the world */
bool phys[2];  /* the door is open */
byte bag[2];   /* which bags lie there, bit by order */
byte hand;     /* which bags staff has */
byte coil;     /* door + 1 whose lock has current */
byte rel;      /* door + 1 whose lock was released and may spring open */
bool old[2];   /* the last read was a stale one */
byte cuts, forces, losses, stales, withdraws, expires, fails, reports;
bool calm;     /* liveness: no more faults, staff goes to work */

/* What must be remembered to judge. */
bool told[2];       /* the locker knows of this opening */
bool gopen[2];      /* was open since the last pulse or the begin of the inspection */
bool exc[2];        /* somebody closed the door upon a bag */
byte pst[2];        /* states before the event */
byte gdoor[ORDERS]; /* door + 1 that the code has pulsed */
byte gnp[ORDERS];   /* pulses of the code */
bool gend[ORDERS];  /* DONE or VOID was reached */
bool wd[ORDERS];    /* a withdrawal was received */
bool rp[2];         /* somebody said that something is wrong, and staff has not looked since */
byte owner;         /* door + 1 at which somebody is at work */
byte jd;            /* door + 1 of the intent on the disk that has not been acted on */
bool bypat;         /* the decided pulse is a patient's */
byte goal;          /* where a compartment goes; 0 between events */

#define BIT(o) (1 << (o))
#define OTHER(c) (1 - (c))
#define OFFERED(c) (st[c] == FREE || st[c] == TAKEN || (IS(M_OUT_OFFERED) && st[c] == OUT))
#define NEEDS_PEOPLE(s) ((s) == CHECK || (s) == FORCED || (s) == OUT)
#define AT_REST(s) ((s) == FREE || (s) == LOADED || (s) == TAKEN)
#define CONTACT(c) (brd[c] -> sens[c] : 0)
#define GIVEN_UP(c) (CONTACT(c) == 0 && seen[c] && ((st[c] == OUT && (!wo[c] || IS(M_GIVEN_UP_OPEN))) || IS(M_LOST_KEEPS)))
#define AT(c) (ses >= LOADS && sc == (c)) /* staff works on it */
#define BUSY (pend != 0 || rest)
#define FINE(c) (CONTACT(c) == CLOSED || GIVEN_UP(c) || (IS(M_UNKNOWN_CLOSED) && CONTACT(c) == 0) || \
    (IS(M_OPEN_DOORS) && CONTACT(c) == OPEN))
#define GATE(c) (brd[c] && FINE(0) && FINE(1) && (CONTACT(c) == CLOSED || IS(M_UNKNOWN_CLOSED)))
#define GATE_LOOK(c) (brd[c] && CONTACT(c) == CLOSED)
#define DOOR_OF(o) (bd[0] == (o) + 1 -> 0 : (bd[1] == (o) + 1 -> 1 : 2))
#define COLLECTABLE(o) (os[o] == O_READY || os[o] == O_UNCONFIRMED || (IS(M_LATE_VERDICT) && os[o] == O_VOID) || \
    (IS(M_REMOVED_ALIVE) && os[o] == O_VOID))
#define MAY_PULSE(o) ((np[o] < 3 || IS(M_FOUR_PULSES)) && (!gr[o] || IS(M_AFTER_GRACE)) && (!xp[o] || IS(M_EXPIRED)))
#define NEWS(c) (brd[c] && ((phys[c] && sens[c] != OPEN) || (!phys[c] && sens[c] != CLOSED)))

/* Orders are alike: the lowest of those never heard of comes first. */
#define FRESH(o) (os[o] == O_NONE && (hand & BIT(o)) != 0)
#define FIRST0 true
#define FIRST1 !FRESH(0)
#define FIRST2 FIRST1 && !FRESH(1)
#define FIRST3 FIRST2 && !FRESH(2)
#define FIRST4 FIRST3 && !FRESH(3)
#define FIRST5 FIRST4 && !FRESH(4)
#define FIRST6 FIRST5 && !FRESH(5)

#define BOUND(c) ((bd[c] + ORDERS - 1) % ORDERS)
#define MAY_LOOK(c) (st[c] != LOADING && st[c] != OPENING && !(IS(M_OUT_FOR_EVER) && st[c] == OUT) && \
    (st[c] != LOADED || (os[BOUND(c)] != O_READY && !IS(M_VOID_STUCK)) || xp[BOUND(c)]))
#define CAN_LOAD(o, c) (((os[o] == O_NONE && (hand & BIT(o)) != 0) || (IS(M_LABEL_AGAIN) && os[o] == O_DONE) || \
    (IS(M_TWO_PLACES) && os[o] == O_READY)) && !xp[o] && OFFERED(c) && CONTACT(c) == CLOSED && GATE(c) && !BUSY)
#define CAN_LOOK(c) (MAY_LOOK(c) && (CONTACT(c) == OPEN || (GATE_LOOK(c) && !BUSY)))
#define SPRINGS (rel != 0 && !phys[(rel + 1) % 2])
#define IDLE (stage == 0 && !calm)
/* People are slower than a pulse and, to begin anew, slower than lock and contacts; only turning away is quick. With
 * QUICK they are not. */
#define SLOW (IDLE && (pend == 0 || QUICK))
#define ANEW (SLOW && (QUICK || (lately == 0 && !NEWS(0) && !NEWS(1))))

#define E_SCAN 1
#define E_CODE 2
#define E_WITHDRAW 3
#define E_EXPIRE 4
#define E_GRACE 5
#define E_KEEP 6
#define E_LOOK 7
#define E_OPENS 8
#define E_FORCE 9
#define E_TAKE 10
#define E_CLOSE 11
#define E_READ 12
#define E_STALE 13
#define E_BOARD_OK 14
#define E_BOARD_LOST 15
#define E_SILENT 16
#define E_VERDICT 17
#define E_AGAIN 18
#define E_GIVE_UP 19
#define E_LEFT_OPEN 20
#define E_BADGE 21
#define E_GO 22
#define E_HELP 23
#define E_PUT 24
#define E_FETCH 25
#define E_LABEL 26
#define E_EMPTY 27
#define E_JAM 28
#define E_WINDOW 29
#define E_DONE 30
#define E_FAILED 31
#define E_REFUSED 32
#define E_RESTED 33
#define E_COMMIT 34
#define E_SENT 35
#define E_UNSENT 36
#define E_CUT 37
#define E_CUT_OPEN 38
#define E_CALM 39
#define E_REPORT 40

#define INV(n, e) \
    if \
    :: e \
    :: else -> print_state(); printf("VIOLATED INV-%d\n", n); assert(false) \
    fi

/* ---------------------------------------------------------------- after every event */
#if ORDERS == 1
#define EACH_ORDER(f) f(0)
#elif ORDERS == 2
#define EACH_ORDER(f) f(0); f(1)
#elif ORDERS == 3
#define EACH_ORDER(f) f(0); f(1); f(2)
#elif ORDERS == 7
#define EACH_ORDER(f) f(0); f(1); f(2); f(3); f(4); f(5); f(6)
#endif

inline print_order(o)
{
    printf(" %d%d%d", os[o], np[o], oe[o])
}

inline print_state()
{
    printf("ST %d%d %d%d %d %d%d %d%d |", st[0], st[1], bd[0], bd[1], ses, sc, so, ph, tries);
    EACH_ORDER(print_order);
    printf("\n")
}

/* An order that ended: what no longer matters is not told apart. */
inline bury(o)
{
    if
    :: os[o] == O_DONE || os[o] == O_VOID ->
        gend[o] = 1;
        if
        :: IS(M_LATE_VERDICT) || IS(M_REMOVED_ALIVE)
        :: else -> np[o] = 0; gnp[o] = 0; gdoor[o] = 0; gr[o] = 0; xp[o] = 0; wd[o] = 0; oe[o] = 0; hand = hand & ~BIT(o)
        fi
    :: else
    fi
}

inline judge_compartment(c)
{
    INV(14, !(st[c] == FREE || st[c] == TAKEN) || (bd[c] == 0 && (bag[c] == 0 || exc[c])));
    INV(15, !NEEDS_PEOPLE(pst[c]) || NEEDS_PEOPLE(st[c]) ||
            (pst[c] == CHECK && (st[c] == FREE || st[c] == LOADED) && gopen[c]));
    INV(15, !rp[c] || NEEDS_PEOPLE(st[c]));
    INV(14, st[c] != LOADED || pst[c] == LOADED || pst[c] == OPENING || bag[c] == BIT(bd[c] - 1));
    INV(16, !(CONTACT(c) == OPEN && AT_REST(st[c])));
    INV(18, !(st[c] == LOADING || st[c] == LOADED || st[c] == OPENING) || bd[c] != 0);
    INV(1, st[c] != LOADING || ((ses == LOADS || ses == LABELS) && sc == c && so == bd[c] - 1));
    INV(1, st[c] != OPENING || (ses == COLLECTS && sc == c && so == bd[c] - 1));
    pst[c] = st[c]
}

inline judge_order(o)
{
    INV(18, !(bd[0] == o + 1 && bd[1] == o + 1));
    INV(18, (os[o] == O_OPENING) == (DOOR_OF(o) != 2 && st[DOOR_OF(o) % 2] == OPENING));
    INV(18, (os[o] == O_KNOWN) == (DOOR_OF(o) != 2 && st[DOOR_OF(o) % 2] == LOADING));
    INV(18, !(os[o] == O_READY || os[o] == O_UNCONFIRMED) || DOOR_OF(o) != 2);
    INV(18, os[o] != O_DONE || DOOR_OF(o) == 2);
    INV(12, !gend[o] || os[o] == O_DONE || os[o] == O_VOID);
    INV(4, np[o] <= 3)
}


/* What cannot matter any more is not told apart. */
inline forget(c)
{
    if
    :: !((ses == COLLECTS || ses == LOOKS || ses == ASKED) && sc == c) -> gopen[c] = 0
    :: else
    fi;
    if
    :: lately == c + 1 && wo[c] && FORCES == 0 -> lately = 0
    :: else
    fi
}

inline judge()
{
    print_state();
    EACH_ORDER(judge_order);
    judge_compartment(0);
    judge_compartment(1);
    EACH_ORDER(bury);
    forget(0);
    forget(1);
    goal = 0
}

/* ---------------------------------------------------------------- ledger */
/* Loading (pickup_end: collecting) ends with the compartment in state goal. */
inline abandon(c)
{
    st[c] = goal;
    os[bd[c] - 1] = O_NONE;
    np[so] = 0;
    bd[c] = 0
}

inline pickup_end(c)
{
    st[c] = goal;
    O_STEP(so, O_UNCONFIRM);
    if
    :: oe[so] -> STEP(c, WITHDRAW); O_STEP(so, O_WITHDRAW); oe[so] = 0
    :: else
    fi
}

/* ---------------------------------------------------------------- sessions */
inline to(session)
{
    ses = session;
    sc = 0;
    so = 0;
    ph = 0;
    tries = 0;
    lo = 0;
    cm = 0;
    owner = 0
}

/* The intent, in memory. */
inline pulse(c, patient)
{
    todo = c + 1;
    bypat = patient;
    tries++;
    ph = PULSED;
    stage = 1;
    lately = c + 1;
    rel = 0;
    gopen[c] = phys[c]
}

inline remember_disk()
{
    dst[0] = st[0];
    dst[1] = st[1];
    dbd[0] = bd[0];
    dbd[1] = bd[1];
    EACH_ORDER(remember_order)
}
inline remember_order(o)
{
    dos[o] = os[o];
    dnp[o] = np[o]
}
inline forget_order(o)
{
    dos[o] = 0;
    dnp[o] = 0
}
inline recall_order(o)
{
    os[o] = dos[o];
    np[o] = dnp[o]
}
inline forget_disk()
{
    dst[0] = 0;
    dst[1] = 0;
    dbd[0] = 0;
    dbd[1] = 0;
    EACH_ORDER(forget_order)
}

/* Somebody's door is taken from him; the compartment goes to goal. */
inline take_away(c)
{
    if
    :: st[c] == OPENING -> pickup_end(c); to(NOBODY)
    :: st[c] == LOADING -> abandon(c); to(MENU)
    :: else ->
        st[c] = goal;
        if
        :: ses == COLLECTS && sc == c -> to(NOBODY) /* after a report */
        :: AT(c) -> to(MENU)
        :: else
        fi
    fi
}

inline hand_over(o, c)
{
    if
    :: COLLECTABLE(o) && c != 2 && (!xp[o] || IS(M_EXPIRED)) && st[c % 2] == LOADED && MAY_PULSE(o) && GATE(c % 2) && !BUSY ->
        remember_disk();
        STEP(c, PICKUP);
        os[o] = (IS(M_LATE_VERDICT) || IS(M_REMOVED_ALIVE) -> O_OPENING : O_PICKUP(os[o]));
        np[o]++;
        ses = COLLECTS;
        sc = c;
        so = o;
        owner = c + 1;
        pulse(c, true)
    :: else -> to(NOBODY)
    fi
}

/* It did not open in time, or was not sent. */
inline jam()
{
    if
    :: ses == COLLECTS && IS(M_JAM_COLLECTED) -> STEP(sc, COLLECT); O_STEP(so, O_COLLECT); INV(19, gopen[sc]); bd[sc] = 0; to(NOBODY)
    :: ses == COLLECTS && !IS(M_JAM_COLLECTED) && tries < 3 + IS(M_FOUR_PULSES) && np[so] < 3 + IS(M_FOUR_PULSES) -> ph = JAMMED
    :: ses == COLLECTS && !IS(M_JAM_COLLECTED) && !(tries < 3 + IS(M_FOUR_PULSES) && np[so] < 3 + IS(M_FOUR_PULSES)) ->
        goal = JAM(st[sc]);
        pickup_end(sc);
        to(NOBODY)
    :: ses == LOADS && IS(M_UNSEEN_LABEL) -> ses = LABELS; ph = 0; tries = 0
    :: ses == LOOKS && IS(M_EMPTY_UNSEEN) -> ses = ASKED; ph = 0; tries = 0
    :: (ses == LOADS || ses == LOOKS) && !IS(M_UNSEEN_LABEL) && !IS(M_EMPTY_UNSEEN) && tries < TRIES -> ph = JAMMED
    :: ses == LOADS && !IS(M_UNSEEN_LABEL) && !IS(M_EMPTY_UNSEEN) && tries >= TRIES -> goal = JAM(st[sc]); abandon(sc); to(MENU)
    :: ses == LOOKS && !IS(M_UNSEEN_LABEL) && !IS(M_EMPTY_UNSEEN) && tries >= TRIES -> to(MENU)
    :: else
    fi
}

/* ---------------------------------------------------------------- what the contact says */
inline tell_open(c)
{
    sens[c] = OPEN;
    if
    :: phys[c] -> told[c] = 1
    :: else
    fi;
    if
    :: wo[c]
    :: else ->
        wo[c] = 1;
        if
        :: (ses == COLLECTS || ses == LOADS || ses == LOOKS) && sc == c && (ph == IS_OPEN || lately == c + 1) -> ph = IS_OPEN
        :: else ->
            if
            :: !seen[c] && DISAGREE(st[c]) != st[c] -> STEP(c, DISAGREE)
            :: !seen[c] && NEEDS_PEOPLE(st[c])
            :: seen[c] && st[c] == CHECK && lately == c + 1
            :: seen[c] && st[c] == FORCED
            :: else -> goal = FORCE(st[c]); take_away(c)
            fi
        fi
    fi;
    seen[c] = 1
}

inline tell_closed(c)
{
    sens[c] = CLOSED;
    seen[c] = 1;
    wo[c] = 0;
    if
    :: ses == COLLECTS && sc == c && ph == IS_OPEN && cm && !IS(M_REPORT_TAKEN) ->
        if
        :: IS(M_REPORT_LATE) -> goal = REPORT(st[c]); pickup_end(c)
        :: else
        fi;
        to(NOBODY)
    :: ses == COLLECTS && sc == c && ph == IS_OPEN && (!cm || IS(M_REPORT_TAKEN)) ->
        STEP(c, COLLECT);
        O_STEP(so, O_COLLECT);
        INV(19, gopen[c] && !told[c] && !cm);
        bd[c] = (IS(M_TAKEN_KEEPS) -> bd[c] : 0);
        to(NOBODY)
    :: ses == LOADS && sc == c && ph == IS_OPEN -> ses = LABELS; ph = 0; tries = 0
    :: ses == LOOKS && sc == c && ph == IS_OPEN -> ses = ASKED; ph = 0; tries = 0
    :: else ->
        if
        :: IS(M_FORCED_CLOSED) && st[c] == FORCED -> st[c] = (bd[c] == 0 -> FREE : LOADED)
        :: else
        fi
    fi
}

/* One read; believed when the one before agrees. */
inline take_read(c, is_open)
{
    if
    :: raw[c] == is_open + 1 || IS(M_STALE) || STALES == 0 ->
        raw[c] = (STALES == 0 -> 0 : is_open + 1);
        if
        :: is_open && sens[c] != OPEN -> tell_open(c)
        :: !is_open && sens[c] != CLOSED -> tell_closed(c)
        :: else
        fi
    :: else -> raw[c] = is_open + 1
    fi
}

/* ---------------------------------------------------------------- power */
inline forget_reading(c)
{
    sens[c] = 0;
    raw[c] = 0;
    old[c] = 0
}

inline settle_order(o)
{
    if
    :: IS(M_PULSES_FORGOTTEN) -> np[o] = 0
    :: else
    fi
}

inline settle(c)
{
    forget_reading(c);
    seen[c] = 0;
    wo[c] = 0;
    brd[c] = 0;
    if
    :: st[c] == LOADING -> so = bd[c] - 1; goal = (IS(M_LOADING_FREE) -> FREE : RESTART(st[c])); abandon(c)
    :: st[c] == OPENING ->
        so = bd[c] - 1;
        goal = (IS(M_OPENING_FREE) -> FREE : RESTART(st[c]));
        pickup_end(c);
        os[so] = (IS(M_OPENING_FREE) -> O_VOID : os[so]);
        bd[c] = (IS(M_OPENING_FREE) -> 0 : bd[c])
    :: else
    fi
}

inline cut()
{
    if
    :: stage == 1 ->
        st[0] = dst[0];
        st[1] = dst[1];
        bd[0] = dbd[0];
        bd[1] = dbd[1];
        pst[0] = st[0];
        pst[1] = st[1];
        EACH_ORDER(recall_order)
    :: else
    fi;
    forget_disk();
    stage = 0;
    todo = 0;
    bypat = 0;
    jd = 0;
    pend = 0;
    rest = 0;
    coil = 0;
    rel = 0;
    lately = 0;
    settle(0);
    settle(1);
    to(NOBODY);
    EACH_ORDER(settle_order);
    cuts--
}

/* ---------------------------------------------------------------- the pulse itself */
#define PC (todo - 1)
inline judge_patient()
{
    INV(2, ses == COLLECTS && bd[PC] == so + 1 && os[so] == O_OPENING && st[PC] == OPENING);
    INV(3, gdoor[so] == 0 || gdoor[so] == PC + 1);
    gdoor[so] = PC + 1;
    gnp[so]++;
    INV(4, gnp[so] <= 3 && !gr[so]);
    INV(12, !gend[so]);
    INV(7, !wd[so] && !xp[so])
}

inline act(sent)
{
    INV(1, jd == todo && (st[PC] == OPENING || st[PC] == LOADING || st[PC] == CHECK));
    INV(5, coil == 0);
    INV(5, owner == PC + 1);
    INV(17, brd[PC] && sens[PC] == CLOSED);
    INV(5, ses == LOOKS || ((!told[0] || !phys[0]) && (!told[1] || !phys[1])));
    INV(17, ses == LOOKS || CONTACT(OTHER(PC)) != 0 || (st[OTHER(PC)] == OUT && !wo[OTHER(PC)] && seen[OTHER(PC)]));
    if
    :: bypat -> judge_patient()
    :: else
    fi;
    pend = todo;
    if
    :: sent -> coil = todo; rel = todo
    :: else -> fails--
    fi;
    jd = 0;
    todo = 0;
    bypat = 0;
    stage = (stage == 2 -> 0 : 3)
}

/* ---------------------------------------------------------------- what people do */
inline begin_loading(o, c)
{
    if
    :: ses == MENU && CAN_LOAD(o, c) ->
        remember_disk();
        os[o] = O_KNOWN;
        np[o] = 0;
        STEP(c, LOAD);
        bd[c] = o + 1;
        ses = LOADS;
        sc = c;
        so = o;
        owner = c + 1;
        pulse(c, false)
    :: else
    fi
}

inline confirm()
{
    if
    :: CONTACT(sc) == CLOSED -> STEP(sc, CONFIRM); O_STEP(so, O_LOAD); exc[sc] = 0; to(MENU)
    :: else
    fi
}

inline begin_look(c)
{
    if
    :: ses == MENU && MAY_LOOK(c) && CONTACT(c) == OPEN ->
        STEP(c, INSPECT);
        ses = LOOKS;
        sc = c;
        owner = c + 1;
        ph = IS_OPEN;
        gopen[c] = 1
    :: ses == MENU && MAY_LOOK(c) && GATE_LOOK(c) && !BUSY ->
        remember_disk();
        STEP(c, INSPECT);
        ses = LOOKS;
        sc = c;
        owner = c + 1;
        pulse(c, false)
    :: else
    fi
}

inline again()
{
    if
    :: ses == COLLECTS ->
        if
        :: (oe[so] && !IS(M_LATE_RETRY)) || !MAY_PULSE(so) || (!GATE(sc) && !IS(M_OTHER_DOOR)) ->
            goal = UNCONFIRM(st[sc]);
            pickup_end(sc);
            to(NOBODY)
        :: else ->
            if
            :: BUSY
            :: else -> remember_disk(); np[so]++; x = (IS(M_OTHER_DOOR) -> OTHER(sc) : sc); pulse(x, true)
            fi
        fi
    :: ses == LOADS && GATE(sc) && !BUSY || ses == LOOKS && GATE_LOOK(sc) && !BUSY -> remember_disk(); pulse(sc, false)
    :: else
    fi
}

inline leave_door()
{
    if
    :: ses == LOADS || ses == LABELS -> goal = ABANDON(st[sc]); abandon(sc)
    :: else
    fi
}

inline log_in()
{
    if
    :: ses == COLLECTS && ph == IS_OPEN && lo && st[sc] == OPENING -> goal = LEAVE(st[sc]); pickup_end(sc); to(MENU)
    :: ses == COLLECTS && ph == IS_OPEN && lo && st[sc] != OPENING -> to(MENU)
    :: ses == NOBODY || ses == CHECKING || ses == MENU -> to(MENU)
    :: ses >= LOADS && IS(M_TWO_STAFF) -> ses = MENU; sc = 0; so = 0; ph = 0; tries = 0
    :: else
    fi
}

/* Before the open door: durable with the report, not with the closing. */
inline complain()
{
    cm = 1;
    reports--;
    if
    :: IS(M_REPORT_TAKEN) || IS(M_REPORT_LATE)
    :: else -> goal = REPORT(st[sc]); pickup_end(sc)
    fi;
    rp[sc] = !IS(M_REPORT_TAKEN)
}

inline found_empty()
{
    if
    :: CONTACT(sc) == CLOSED ->
        rp[sc] = 0;
        STEP(sc, EMPTY);
        if
        :: bd[sc] != 0 && !IS(M_REMOVED_ALIVE) -> O_STEP(bd[sc] - 1, O_REMOVE)
        :: else
        fi;
        bd[sc] = 0;
        exc[sc] = 0;
        to(MENU)
    :: else
    fi
}

inline found_bag(o)
{
    if
    :: CONTACT(sc) == CLOSED && ((bd[sc] == o + 1 && os[o] == O_READY) || IS(M_KEEP_ANY)) -> rp[sc] = 0; STEP(sc, KEEP); to(MENU)
    :: CONTACT(sc) == CLOSED && !((bd[sc] == o + 1 && os[o] == O_READY) || IS(M_KEEP_ANY)) -> to(MENU)
    :: else
    fi
}

inline withdraw(o)
{
    wd[o] = 1;
    withdraws = (calm -> withdraws : withdraws - 1);
    if
    :: os[o] == O_NONE -> os[o] = O_VOID
    :: os[o] == O_KNOWN -> O_STEP(o, O_WITHDRAW); STEP(sc, WITHDRAW); bd[sc] = 0; to(MENU)
    :: os[o] == O_READY -> O_STEP(o, O_WITHDRAW)
    :: os[o] == O_UNCONFIRMED -> O_STEP(o, O_WITHDRAW); STEP(DOOR_OF(o), WITHDRAW)
    :: os[o] == O_OPENING -> oe[o] = 1
    :: else
    fi
}

/* ---------------------------------------------------------------- events */
/* Each line: when it may happen; which event; door and order. */
#define OF_ORDER_AND_DOOR(o, c) \
    :: ANEW && ses == MENU && FIRST##o && (os[o] != O_NONE || (hand & BIT(o)) != 0) && MAY(CAN_LOAD(o, c)) -> e = E_SCAN; x = c; y = o
#define OF_ORDER(o) \
    OF_ORDER_AND_DOOR(o, 0) \
    OF_ORDER_AND_DOOR(o, 1) \
    :: ANEW && ses == NOBODY && MAY(COLLECTABLE(o)) -> e = E_CODE; y = o \
    :: RARELY && IDLE && withdraws > 0 && !wd[o] && (os[o] != O_NONE || FIRST##o) && MAY(os[o] != O_DONE && os[o] != O_VOID) -> e = E_WITHDRAW; y = o \
    :: RARELY && SLOW && expires > 0 && !xp[o] && (os[o] == O_READY || os[o] == O_UNCONFIRMED || os[o] == O_OPENING) -> e = E_EXPIRE; y = o \
    :: RARELY && SLOW && expires > 0 && !gr[o] && np[o] > 0 -> e = E_GRACE; y = o \
    :: SLOW && ses == ASKED && bag[sc] == BIT(o) -> e = E_KEEP; y = o
#define OF_DOOR(c) \
    :: RARELY && ANEW && ses == MENU && MAY(CAN_LOOK(c) && (st[c] != FREE || CURIOUS)) -> e = E_LOOK; x = c \
    :: IDLE && rel == c + 1 && !phys[c] -> e = E_OPENS; x = c \
    :: RARELY && IDLE && forces > 0 && !phys[c] -> e = E_FORCE; x = c \
    :: SLOW && phys[c] && bag[c] != 0 && !AT(c) && (FORCES > 0 || (bd[c] != 0 && np[BOUND(c)] > 0)) -> e = E_TAKE; x = c \
    :: SLOW && phys[c] && (CONTACT(c) == OPEN || !brd[c]) -> e = E_CLOSE; x = c \
    :: IDLE && brd[c] && (NEWS(c) || old[c] || (STALES > 0 && raw[c] != phys[c] + 1)) -> e = E_READ; x = c \
    :: RARELY && IDLE && stales > 0 && brd[c] && !old[c] && raw[c] != 0 -> e = E_STALE; x = c \
    :: IDLE && !brd[c] -> e = E_BOARD_OK; x = c \
    :: RARELY && IDLE && losses > 0 && brd[c] -> e = E_BOARD_LOST; x = c \
    :: AT_TIMES && IDLE && LOSSES > 0 && !brd[c] && LOSE(st[c]) != st[c] && !IS(M_LOST_KEEPS) -> e = E_SILENT; x = c

#if ORDERS == 1
#define ALL_ORDERS OF_ORDER(0)
#elif ORDERS == 2
#define ALL_ORDERS OF_ORDER(0) OF_ORDER(1)
#elif ORDERS == 3
#define ALL_ORDERS OF_ORDER(0) OF_ORDER(1) OF_ORDER(2)
#elif ORDERS == 7
#define ALL_ORDERS OF_ORDER(0) OF_ORDER(1) OF_ORDER(2) OF_ORDER(3) OF_ORDER(4) OF_ORDER(5) OF_ORDER(6)
#endif

/* Liveness: from any moment on nothing new goes wrong, and a member of staff goes to work: ends what others began, has
 * the hub withdraw what lies ready, looks into every compartment and empties it. */
#define NOW (stage == 0 && calm)
#define AT_DOOR(c) \
    :: NOW && NEWS(c) -> e = E_READ; x = c \
    :: NOW && !brd[c] -> e = E_BOARD_OK; x = c \
    :: NOW && rel == c + 1 && !phys[c] -> e = E_OPENS; x = c \
    :: NOW && phys[c] && pend == 0 && CONTACT(c) == OPEN && !(ses == LOOKS && sc == c && bag[c] != 0) -> e = E_CLOSE; x = c \
    :: NOW && ses == MENU && pend == 0 && lately == 0 && !NEWS(c) && st[c] != FREE && CAN_LOOK(c) -> e = E_LOOK; x = c
#define AT_LAST(o) :: NOW && os[o] == O_READY && !wd[o] -> e = E_WITHDRAW; y = o
#if ORDERS == 1
#define WITHDRAWN_AT_LAST AT_LAST(0)
#else
#define WITHDRAWN_AT_LAST AT_LAST(0) AT_LAST(1)
#endif

inline choose()
{
#ifdef CHANCE
    if
    :: luck = 0 :: luck = 1 :: luck = 2 :: luck = 3 :: luck = 4 :: luck = 5 :: luck = 6 :: luck = 7
    :: luck = 8 :: luck = 9 :: luck = 10 :: luck = 11 :: luck = 12 :: luck = 13 :: luck = 14 :: luck = 15
    fi;
#endif
    if
    ALL_ORDERS
    OF_DOOR(0)
    OF_DOOR(1)
    :: IDLE && ses == CHECKING -> e = E_VERDICT
    :: SLOW && ph == JAMMED && MAY(!BUSY) -> e = E_AGAIN
    :: AT_TIMES && SLOW && ph == JAMMED && ses == COLLECTS -> e = E_GIVE_UP
    :: RARELY && SLOW && ph == IS_OPEN && ses == COLLECTS && !lo && wo[sc] -> e = E_LEFT_OPEN
    :: SLOW && reports > 0 && ph == IS_OPEN && ses == COLLECTS && !cm && wo[sc] -> e = E_REPORT
    :: ANEW && MAY(ses == NOBODY || (ses == CHECKING && RARELY) || (ses == COLLECTS && lo) || (IS(M_TWO_STAFF) && ses >= LOADS)) -> e = E_BADGE
    :: RARELY && IDLE && ses >= MENU -> e = E_GO
    :: RARELY && IDLE && ses >= LOADS -> e = E_HELP
    :: SLOW && ses == LOADS && phys[sc] && (hand & BIT(so)) != 0 && (bag[sc] == 0 || IS(M_NO_LOOK)) -> e = E_PUT
    :: SLOW && ses == LOOKS && phys[sc] && bag[sc] != 0 -> e = E_FETCH
    :: SLOW && ses == LABELS && (bag[sc] == BIT(so) || (IS(M_NO_LOOK) && (bag[sc] & BIT(so)) != 0) || IS(M_UNSEEN_LABEL)) -> e = E_LABEL
    :: SLOW && ses == ASKED && (bag[sc] == 0 || (IS(M_EMPTY_UNSEEN) && !gopen[sc])) -> e = E_EMPTY
    /* Time and hardware. */
    :: AT_TIMES && IDLE && ph == PULSED && !NEWS(sc) -> e = E_JAM
    :: IDLE && lately != 0 && ph != PULSED && coil == 0 && pend == 0 && !NEWS(lately - 1) -> e = E_WINDOW
    :: IDLE && pend != 0 && coil != 0 -> e = E_DONE
    :: AT_TIMES && IDLE && pend != 0 && coil != 0 && fails > 0 -> e = E_FAILED
    :: IDLE && pend != 0 && coil == 0 -> e = E_REFUSED
    :: IDLE && pend == 0 && coil != 0 && !IS(M_BUSY_FOR_EVER) -> e = E_RESTED
    /* The two steps behind a decision that pulses, and the power. */
    :: (stage == 1 && !IS(M_PULSE_FIRST)) || stage == 3 -> e = E_COMMIT
    :: stage == 2 || (stage == 1 && IS(M_PULSE_FIRST)) -> e = E_SENT
    :: RARELY && ((stage == 2 || (stage == 1 && IS(M_PULSE_FIRST))) && fails > 0 && !calm) -> e = E_UNSENT
    :: RARELY && cuts > 0 && !calm -> e = E_CUT
    :: RARELY && cuts > 0 && !calm && SPRINGS -> e = E_CUT_OPEN
#if LIVENESS
    :: IDLE -> e = E_CALM
    AT_DOOR(0)
    AT_DOOR(1)
    WITHDRAWN_AT_LAST
    :: NOW && ses == CHECKING -> e = E_VERDICT
    :: NOW && ses == COLLECTS && ph == JAMMED -> e = E_GIVE_UP
    :: NOW && ses == LOOKS && ph == JAMMED && !BUSY && GATE_LOOK(sc) -> e = E_AGAIN
    :: NOW && ses == NOBODY && pend == 0 && (st[0] != FREE || st[1] != FREE) -> e = E_BADGE
    :: NOW && (ses == LOADS || ses == LABELS) -> e = E_HELP
    :: NOW && ses == ASKED && bag[sc] != 0 -> e = E_HELP
    :: NOW && ses == ASKED && bag[sc] == 0 && CONTACT(sc) == CLOSED -> e = E_EMPTY
    :: NOW && ses == LOOKS && phys[sc] && bag[sc] != 0 -> e = E_FETCH
    :: NOW && ph == PULSED && !NEWS(sc) && pend == 0 && rel != sc + 1 && !phys[sc] -> e = E_JAM
    :: NOW && lately != 0 && ph != PULSED && coil == 0 && pend == 0 && !NEWS(lately - 1) -> e = E_WINDOW
    :: NOW && pend != 0 && coil != 0 -> e = E_DONE
    :: NOW && pend != 0 && coil == 0 -> e = E_REFUSED
    :: NOW && pend == 0 && coil != 0 && !IS(M_BUSY_FOR_EVER) -> e = E_RESTED
#endif
#ifdef CHANCE
    :: else /* only what happens rarely is possible now */
#endif
    fi
}

inline carry_out()
{
    if
    :: e == E_SCAN -> printf("EV scan %d %d\n", y, x); begin_loading(y, x)
    :: e == E_CODE && WITHDRAWS + FORCES > 0 -> printf("EV code %d\n", y); ses = CHECKING; so = y
    :: e == E_CODE && WITHDRAWS + FORCES == 0 -> printf("EV token %d\n", y); x = DOOR_OF(y); hand_over(y, x)
    :: e == E_VERDICT -> printf("EV verdict\n"); x = DOOR_OF(so); y = so; hand_over(y, x)
    :: e == E_WITHDRAW -> printf("EV withdraw %d\n", y); withdraw(y)
    :: e == E_EXPIRE -> printf("EV expire %d\n", y); xp[y] = 1; expires--
    :: e == E_GRACE -> printf("EV grace %d\n", y); gr[y] = 1; expires--
    :: e == E_KEEP -> printf("EV keep %d\n", y); found_bag(y)
    :: e == E_LOOK -> printf("EV look %d\n", x); begin_look(x)
    :: e == E_OPENS -> printf("EV opens %d\n", x); phys[x] = 1; gopen[x] = 1; rel = 0
    :: e == E_FORCE -> printf("EV force %d\n", x); phys[x] = 1; gopen[x] = 1; forces--
    :: e == E_TAKE -> printf("EV take %d\n", x); bag[x] = 0; exc[x] = 0
    :: e == E_CLOSE ->
        printf("EV close %d\n", x);
        phys[x] = 0;
        told[x] = 0;
        exc[x] = (bag[x] != 0 && !AT(x) -> 1 : exc[x])
    :: e == E_READ || e == E_STALE ->
        y = (e == E_READ -> phys[x] : 1 - phys[x]);
        old[x] = (e == E_STALE);
        stales = stales - (e == E_STALE);
        if
        :: STALES > 0 -> printf("EV read %d %d %d\n", x, y, e == E_STALE)
        :: else -> printf("EV reads %d %d\n", x, y)
        fi;
        take_read(x, y)
    :: e == E_BOARD_OK -> printf("EV board_ok %d\n", x); brd[x] = 1
    :: e == E_BOARD_LOST -> printf("EV board_lost %d\n", x); brd[x] = 0; losses--; forget_reading(x)
    :: e == E_SILENT -> printf("EV silent %d\n", x); goal = LOSE(st[x]); take_away(x)
    :: e == E_AGAIN -> printf("EV again\n"); again()
    :: e == E_GIVE_UP -> printf("EV give_up\n"); goal = UNCONFIRM(st[sc]); pickup_end(sc); to(NOBODY)
    :: e == E_LEFT_OPEN -> printf("EV left_open\n"); lo = 1
    :: e == E_REPORT -> printf("EV report\n"); complain()
    :: e == E_BADGE -> printf("EV badge\n"); log_in()
    :: e == E_GO -> printf("EV go\n"); leave_door(); to(NOBODY)
    :: e == E_HELP -> printf("EV help\n"); leave_door(); to(MENU)
    :: e == E_PUT -> printf("EV put %d %d\n", sc, so); bag[sc] = bag[sc] | BIT(so); hand = hand & ~BIT(so)
    :: e == E_FETCH -> printf("EV fetch %d\n", sc); hand = hand | bag[sc]; bag[sc] = 0; exc[sc] = 0
    :: e == E_LABEL -> printf("EV label %d\n", sc); confirm()
    :: e == E_EMPTY -> printf("EV empty\n"); found_empty()
    :: e == E_JAM -> printf("EV jam\n"); jam()
    :: e == E_WINDOW -> printf("EV window\n"); lately = 0; rel = 0
    :: e == E_DONE -> printf("EV done\n"); pend = 0; coil = 0
    :: e == E_FAILED -> printf("EV failed\n"); pend = 0; fails--; rest = !IS(M_NO_REST)
    :: e == E_REFUSED ->
        printf("EV refused\n");
        pend = 0;
        if
        :: ph == PULSED -> jam()
        :: else
        fi
    :: e == E_RESTED -> printf("EV rested\n"); coil = 0; rest = 0
    :: e == E_COMMIT ->
        printf("EV commit\n");
        jd = (stage == 1 -> todo : 0);
        stage = (stage == 1 -> 2 : 0);
        forget_disk()
    :: e == E_SENT || e == E_UNSENT ->
        y = (e == E_SENT);
        if
        :: y -> printf("EV sent %d\n", todo - 1)
        :: else -> printf("EV unsent %d\n", todo - 1)
        fi;
        act(y)
    :: e == E_CALM -> calm = 1
    :: e == E_CUT || e == E_CUT_OPEN ->
        printf("EV cut %d\n", e == E_CUT_OPEN);
        if
        :: e == E_CUT_OPEN -> phys[rel - 1] = 1; gopen[rel - 1] = 1
        :: else
        fi;
        cut()
    fi
}

#ifndef TABLE
active proctype life()
{
    byte e, x, y;
    d_step {
        cuts = CUTS;
        forces = FORCES;
        losses = LOSSES;
        stales = STALES;
        withdraws = WITHDRAWS;
        expires = EXPIRES;
        fails = FAILS;
        reports = REPORTS;
        hand = BIT(ORDERS) - 1;
        brd[0] = 1;
        brd[1] = 1;
        sens[0] = CLOSED;
        sens[1] = CLOSED;
        seen[0] = 1;
        seen[1] = 1;
        raw[0] = (STALES == 0 -> 0 : CLOSED);
        raw[1] = (STALES == 0 -> 0 : CLOSED);
        print_state()
    }
end:
    do
    :: atomic {
        choose();
        d_step {
            if
            :: e != 0 -> carry_out(); judge()
            :: else
            fi;
            e = 0;
            x = 0;
            y = 0
        }
    }
    od
}
#if LIVENESS
ltl home { [] (calm -> <> (st[0] == FREE && st[1] == FREE)) }
#endif
#else
#define TO(f) printf(" %d %d %d %d %d %d %d %d\n", f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7))
#define O_TO(f) printf(" %d %d %d %d %d %d\n", f(1), f(2), f(3), f(4), f(5), f(6))
active proctype table()
{
    printf("T LOAD"); TO(LOAD);
    printf("T CONFIRM"); TO(CONFIRM);
    printf("T ABANDON"); TO(ABANDON);
    printf("T PICKUP"); TO(PICKUP);
    printf("T COLLECT"); TO(COLLECT);
    printf("T UNCONFIRM"); TO(UNCONFIRM);
    printf("T JAM"); TO(JAM);
    printf("T LEAVE"); TO(LEAVE);
    printf("T WITHDRAW"); TO(WITHDRAW);
    printf("T INSPECT"); TO(INSPECT);
    printf("T EMPTY"); TO(EMPTY);
    printf("T KEEP"); TO(KEEP);
    printf("T FORCE"); TO(FORCE);
    printf("T LOSE"); TO(LOSE);
    printf("T RESTART"); TO(RESTART);
    printf("T DISAGREE"); TO(DISAGREE);
    printf("T REPORT"); TO(REPORT);
    printf("O O_LOAD"); O_TO(O_LOAD);
    printf("O O_PICKUP"); O_TO(O_PICKUP);
    printf("O O_COLLECT"); O_TO(O_COLLECT);
    printf("O O_UNCONFIRM"); O_TO(O_UNCONFIRM);
    printf("O O_WITHDRAW"); O_TO(O_WITHDRAW);
    printf("O O_REMOVE"); O_TO(O_REMOVE)
}
#endif
