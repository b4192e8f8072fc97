//! The whole stack under seeded faults: the real controller and its real clients between the two simulators, on
//! one thread, under paused time, judged after every step by the simulators' own history.
