//! The builder seen from outside, as its callers use it.

#[cfg(test)]
mod jobs;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scripts;
