//! mjbatch runs a manifest of image prompts as a resumable batch.
pub mod sandbox;
pub mod task;
