//! What scenarios against a real control plane, node or browser share: the simulator on an address
//! that pods reach, a controller process with its narrow rights, watches and waits of the test's
//! own. The scenarios themselves are the test targets `level2`, `level3` and `level4`.
