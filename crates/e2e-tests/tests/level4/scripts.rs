//! The scripts of the setup and checkout containers (job-manifest 6), run just as they stand in the Job, in roots that
//! are thrown away: the agent's Debian image with dash and with bash as its shell, and an image with BusyBox alone.
//!
//! What is played: the agent writes down how it was started; so does `git` beside BusyBox, which has none; and `adduser`
//! and `addgroup`, which Debian leaves out of its BusyBox, do here what those of BusyBox 1.35 do. All else is real:
//! shells, accounts, `su`, git, tini.

mod accounts;
mod checkout;
mod credentials;
mod image;
mod other_user;
mod pod;
mod setup;
mod traces;
