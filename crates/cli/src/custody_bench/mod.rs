//! What `custody bench` measures, so that a place can be chosen by numbers.
//!
//! | file | does |
//! |---|---|
//! | `sample.rs` | times, their middle and their worst, and rates with several clients |
//! | `yardstick.rs` | what a signature, a verification and a token cost in memory, in the same run |
//! | `place.rs` | one key in its place: signatures, rates, batches, opening |
//! | `trouble.rs` | how long it takes until an outage is told |
//! | `cure.rs` | running keys: each cost with and without, an outage included |
//! | `report.rs`, `shown.rs`, `plot.rs` | the numbers: for programs, for people, as a picture |

mod cure;
mod place;
mod plot;
mod report;
mod sample;
mod shown;
mod silent;
mod trouble;
mod yardstick;

pub(crate) use cure::Scene;
pub(crate) use place::measure;
pub(crate) use plot::plot;
pub(crate) use report::{Failure, KeyReport, Report};
pub(crate) use sample::Effort;
pub(crate) use shown::people;
pub(crate) use yardstick::yardstick;
