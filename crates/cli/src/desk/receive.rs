//! What came back: answers put into the requests that wait.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use greatseal_core::Code;

use super::{Desk, Filed, Waiting};
use crate::order::{Answer, Order};
use crate::problem::Problem;
use crate::realm::Write;
use crate::text;

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Received {
    /// Every signature was there, and everything was filed.
    Filed {
        /// The request's name.
        name: String,
        /// What was filed.
        filed: Vec<Filed>,
    },
    /// Some are still missing; those that came are kept.
    Waiting {
        /// The request's name.
        name: String,
        /// What it waits for.
        waiting: Waiting,
    },
}

/// A request in the realm.
struct Open {
    name: String,
    path: PathBuf,
    order: Order,
    /// Signatures that came now.
    news: usize,
}

impl Desk {
    /// Puts answers into their requests, and files those that are complete. Without answers it files
    /// what is complete already, which is what an interrupted command leaves.
    ///
    /// Every answer is checked before anything is written. Signatures are saved before anything is
    /// filed, so that whoever is interrupted there loses none.
    ///
    /// # Errors
    /// What is wrong with an answer, with its code; or with what is to be filed.
    pub(crate) fn receive(&mut self, answers: &[PathBuf]) -> Result<Vec<Received>, Problem> {
        let mut open = self.open_requests()?;
        let mut answered = BTreeSet::new();
        for path in answers {
            answered.insert(self.take_in(path, &mut open)?);
        }
        let mut received = Vec::new();
        for (place, Open { name, path, order, news }) in open.into_iter().enumerate() {
            if news > 0 {
                let bytes = order.to_bytes(&self.realm)?;
                self.realm.write(&path, Write::Replace(bytes))?;
            }
            if order.is_signed() && (answers.is_empty() || answered.contains(&place)) {
                order.must_be_timely(self.now)?;
                let filed = self.file(order, Some(&path)).map_err(|problem| problem.within(&name))?;
                received.push(Received::Filed { name, filed });
            } else if answered.contains(&place) {
                received.push(Received::Waiting { name, waiting: Waiting::of(&order, path) });
            }
        }
        Ok(received)
    }

    /// Puts one answer into its request; returns which one that is.
    fn take_in(&self, path: &Path, open: &mut [Open]) -> Result<usize, Problem> {
        let answer = Answer::read(path)?;
        let found = open.iter_mut().enumerate().find(|(_, open)| open.order.digest() == answer.request);
        let Some((place, open)) = found else {
            if self.realm.is_archived(&answer.request.to_string()) {
                return Err(Problem::new(Code::RequestComplete, "this request was answered and filed before")
                    .within(&text::path(path)));
            }
            return Err(Problem::new(Code::RequestOther, "no request that waits here has this answer")
                .within(&text::path(path)));
        };
        open.order.must_be_timely(self.now).map_err(|problem| problem.within(&open.name))?;
        open.news += answer.merge_into(&mut open.order)?;
        Ok(place)
    }

    fn open_requests(&self) -> Result<Vec<Open>, Problem> {
        let mut open = Vec::new();
        for (name, path) in self.realm.requests()? {
            match Order::read(&path, Some(&self.realm)) {
                Ok(order) => open.push(Open { name, path, order, news: 0 }),
                // One damaged file does not keep the others from being answered.
                Err(problem) => {
                    crate::output::remark(&format!("passed over: {} [{}]", problem.message(), problem.code()))
                }
            }
        }
        Ok(open)
    }
}
