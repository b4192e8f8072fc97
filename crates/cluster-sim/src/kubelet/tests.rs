//! Pods from their binding to their end.

mod life;
mod trouble;
