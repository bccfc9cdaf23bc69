//! The flags of `sandbox`, and those of `run` that say how its sandbox behaves.

use std::net::SocketAddr;

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxArgs {
    /// Listen at this address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(in crate::cli) listen: SocketAddr,

    /// Speed relative to the real service
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub(in crate::cli) speed: f64,

    /// Inject a fault, e.g. accept-cut=0.1; repeatable
    #[arg(long = "fault", value_name = "FAULT")]
    pub(in crate::cli) faults: Vec<String>,

    /// List the faults that can be injected
    #[arg(long)]
    pub(in crate::cli) list_faults: bool,

    /// Random seed of job durations and faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) seed: u64,

    /// The URL under which clients reach it, if it differs
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) public_url: Option<String>,
}

/// How the sandbox behaves.
#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxTuning {
    /// Speed of the sandbox relative to the real service [default: 60]
    #[arg(long, value_name = "X", requires = "sandbox", help_heading = "Sandbox")]
    pub(in crate::cli) speed: Option<f64>,

    /// Inject a fault, e.g. accept-cut=0.1; repeatable; `mjbatch sandbox --list-faults` lists them
    #[arg(long = "fault", value_name = "FAULT", requires = "sandbox", help_heading = "Sandbox")]
    pub(in crate::cli) faults: Vec<String>,

    /// Random seed of the sandbox's job durations and faults [default: 1]
    #[arg(long, value_name = "N", requires = "sandbox", help_heading = "Sandbox")]
    pub(in crate::cli) seed: Option<u64>,
}
