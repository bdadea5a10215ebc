//! The step budget of one decision, so that the worst policy takes a bounded time.

use crate::error::PolicyFault;
use crate::limits::POLICY_STEPS;

/// Steps that are left. Every look at a value, character or statement takes one.
#[derive(Debug)]
pub struct Steps(u64);

impl Default for Steps {
    fn default() -> Self {
        Self(POLICY_STEPS)
    }
}

impl Steps {
    /// Makes a budget of so many steps.
    #[must_use]
    pub const fn new(steps: u64) -> Self {
        Self(steps)
    }

    /// Takes some steps.
    ///
    /// # Errors
    /// [`PolicyFault::Steps`] when fewer are left; then none is.
    pub fn take(&mut self, steps: u64) -> Result<(), PolicyFault> {
        match self.0.checked_sub(steps) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => {
                self.0 = 0;
                Err(PolicyFault::Steps { limit: POLICY_STEPS })
            }
        }
    }

    /// Returns how many are left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.0
    }
}
