//! The builder seen from outside, as its callers use it.

#[cfg(test)]
mod any_input;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod scripts;
