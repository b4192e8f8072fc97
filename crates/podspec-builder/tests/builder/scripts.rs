//! What the scripts of setup and checkout do (job-manifest 6), shown by running them in a throw-away
//! root with every shell of this machine. The paths that they name are moved below that root and the
//! tools that would change the machine are fakes that write down how they were called.

mod checkout;
mod sandbox;
mod setup;
