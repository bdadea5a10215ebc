//! The policy language: statements over the arguments of an invocation.

mod cost;
mod glob;
mod selector;
mod syntax;
