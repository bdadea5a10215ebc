//! How long, and from when to when.

use greatseal_core::{Code, Timestamp};

use crate::clock::{self, DAY};
use crate::problem::Problem;

/// How long something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Span {
    /// So many seconds.
    Seconds(u64),
    /// Without an end.
    Ever,
}

/// Seconds of each unit.
const UNITS: [(char, u64); 4] = [('m', 60), ('h', 3600), ('d', DAY), ('w', 7 * DAY)];
/// Seconds of the longest span that is written as a number: a hundred years.
const LONGEST: u64 = 36_500 * DAY;

impl Span {
    /// Reads `30d`, `12h`, `90m`, `4w` or `ever`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "ever" {
            return Ok(Self::Ever);
        }
        let fault = || "write a number and a unit like 30d, 12h, 90m or 4w, or `ever`".to_owned();
        let unit = text.chars().next_back().and_then(|last| UNITS.iter().find(|(unit, _)| *unit == last));
        let (unit, seconds) = unit.ok_or_else(fault)?;
        let number: u64 = text.strip_suffix(*unit).and_then(|number| number.parse().ok()).ok_or_else(fault)?;
        let span = number.saturating_mul(*seconds);
        if (1..=LONGEST).contains(&span) { Ok(Self::Seconds(span)) } else { Err(fault()) }
    }
}

/// From when to when a delegation speaks; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// At once, if absent.
    pub(crate) from: Option<Timestamp>,
    /// Never, if absent.
    pub(crate) until: Option<Timestamp>,
}

impl Window {
    /// Returns the window that begins somewhere and lasts so long.
    pub(crate) fn of(now: Timestamp, from: Option<Timestamp>, span: Span) -> Self {
        let until = match span {
            Span::Seconds(seconds) => Some(from.unwrap_or(now).plus(seconds)),
            Span::Ever => None,
        };
        Self { from, until }
    }

    /// Returns the first instant from now on at which it speaks.
    pub(crate) fn first(&self, now: Timestamp) -> Timestamp {
        self.from.map_or(now, |from| from.max(now))
    }
}

/// Windows that follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    /// When the first one begins; at once, if absent.
    pub(crate) starts: Option<Timestamp>,
    /// How long each lasts.
    pub(crate) each: Span,
    /// How many there are.
    pub(crate) count: u8,
    /// How far apart they begin; so that each overlaps the one before a little, if absent.
    pub(crate) every: Option<Span>,
}

/// What part of its length a window overlaps the one before with, and at most so many seconds.
const OVERLAP: (u64, u64) = (10, DAY);

impl Series {
    /// Lists the windows.
    ///
    /// # Errors
    /// `GS-USAGE` for windows without an end that are to follow each other, and for gaps between.
    pub(crate) fn windows(&self, now: Timestamp) -> Result<Vec<Window>, Problem> {
        if self.count == 1 && self.every.is_none() {
            return Ok(vec![Window::of(now, self.starts, self.each)]);
        }
        let Span::Seconds(length) = self.each else {
            return Err(Problem::usage("delegations without an end do not follow each other")
                .hint("Say how long each lasts, like `--for 30d`."));
        };
        let (part, most) = OVERLAP;
        let every = match self.every {
            None => length.saturating_sub((length / part).min(most)),
            Some(Span::Seconds(every)) => every,
            Some(Span::Ever) => return Err(Problem::usage("`--every` is a time like 7d")),
        };
        if every > length {
            let fault = "each delegation would end before the next one begins";
            return Err(Problem::usage(fault).hint("Give them a longer `--for`, or begin them more often: `--every`."));
        }
        let first = self.starts.unwrap_or(now);
        let window = |number: u8| {
            let from = first.plus(every.saturating_mul(u64::from(number)));
            // The first speaks at once on every clock, where no other beginning was named.
            let named = if number == 0 { self.starts } else { Some(from) };
            Window { from: named, until: Some(from.plus(length)) }
        };
        Ok((0..self.count).map(window).collect())
    }
}

/// Refuses a window that is over already.
pub(crate) fn must_be_open(window: &Window, now: Timestamp) -> Result<(), Problem> {
    match window.until {
        Some(until) if until <= now => {
            let fault = format!("it would have ended at {}, and now is {}", clock::show(until), clock::show(now));
            Err(Problem::new(Code::TimeExpired, fault)
                .hint("Begin it later, or let it last longer: `--starts`, `--for`."))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn spans_are_numbers_with_a_unit() {
        for (text, seconds) in [("30d", 30 * DAY), ("12h", 12 * 3600), ("90m", 5400), ("4w", 28 * DAY)] {
            assert_eq!(Span::parse(text), Ok(Span::Seconds(seconds)));
        }
        assert_eq!(Span::parse("ever"), Ok(Span::Ever));
        for text in ["", "d", "0d", "-1d", "30", "30s", "1.5d", "30 d", "99999999999999999999d", "9999999w", "é"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_series_has_no_gap() {
        let series = |each, count, every| Series { starts: None, each: Span::Seconds(each), count, every };
        let windows = series(30 * DAY, 13, Some(Span::Seconds(7 * DAY))).windows(NOW).unwrap();
        assert_eq!(windows.len(), 13);
        assert_eq!(windows[0], Window { from: None, until: Some(NOW.plus(30 * DAY)) });
        let last = Window { from: Some(NOW.plus(84 * DAY)), until: Some(NOW.plus(114 * DAY)) };
        assert_eq!(windows[12], last);
        // By itself each overlaps the one before by a tenth, and by a day at most.
        for (length, overlap) in [(3600, 360), (30 * DAY, DAY)] {
            let windows = series(length, 3, None).windows(NOW).unwrap();
            let overlaps =
                windows.windows(2).map(|pair| pair[0].until.unwrap().as_secs() - pair[1].from.unwrap().as_secs());
            assert!(overlaps.eq([overlap; 2]));
        }
        assert_eq!(series(DAY, 2, Some(Span::Seconds(DAY + 1))).windows(NOW).unwrap_err().code(), Code::Usage);
        let ever = Series { starts: None, each: Span::Ever, count: 2, every: None };
        assert_eq!(ever.windows(NOW).unwrap_err().code(), Code::Usage);
    }
}
