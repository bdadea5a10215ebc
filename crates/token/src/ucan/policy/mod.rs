//! The policy language: statements over the arguments of an invocation.
