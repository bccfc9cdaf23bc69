//! The simulator with faults: an engine among a service that plays every fault of the contract, a
//! disk of which only what was durable survives, and a program that is killed at any step and
//! started again until all is settled.
//!
//! A seed is a scenario and its course. After every step the engine's view must be what its changes
//! make of the state, and what it does must be allowed by what it has heard ([`oracle`]).
//! `MJBATCH_SEEDS=1000000 cargo test --release --lib seeds` plays that many seeds,
//! `MJBATCH_SEED=7 cargo test --lib seeds` one of them.

mod checks;
mod oracle;
mod runs;
mod scenario;
mod service;
mod state;
mod tests;
mod world;
