//! The engine in a world that is out to get it, in virtual time: a service that plays every fault of the contract, a state
//! file of which only what was durable survives, crashes at any step, and runs that are begun again until all is settled.
//!
//! A seed is a scenario and its course. At every step the engine's view must be what its changes make of the state, and
//! what it does must be allowed by what it was told. `MJBATCH_SEEDS=1000000 cargo test seeds` plays so many,
//! `MJBATCH_SEED=n cargo test seeds` one of them.

mod checks;
mod dice;
mod scenario;
mod service;
mod state;
mod tests;
mod witness;
mod world;
