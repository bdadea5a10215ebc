//! The clock, and instants as people write them.

use std::time::{SystemTime, UNIX_EPOCH};

use greatseal_core::{Code, Timestamp};
use jiff::tz::TimeZone;

use crate::problem::Problem;

/// Reads the clock.
///
/// # Errors
/// When it stands before 1970: every time check would be wrong.
pub(crate) fn now() -> Result<Timestamp, Problem> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| Timestamp::from_secs(since.as_secs()))
        .map_err(|_| Problem::new(Code::Io, "this machine's clock stands before 1970").hint("Set the clock."))
}

/// Reads `--at`: seconds since 1970, or RFC 3339.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let seconds = || text.parse::<u64>().ok().map(Timestamp::from_secs);
    let at = || text.parse::<jiff::Timestamp>().ok().and_then(instant);
    seconds().or_else(at).ok_or_else(|| "write seconds since 1970, or a time like 2026-11-22T09:00:00Z".into())
}

/// Reads when something is to begin: as [`parse`], or a day, which begins at midnight in UTC.
pub(crate) fn parse_beginning(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    // A date is a time of RFC 3339 only with its hour and zone.
    let day = if text.len() == "2026-11-22".len() { day() } else { None };
    let fault = "write seconds since 1970, a time like 2026-11-22T09:00:00Z, or a day like 2026-11-22";
    parse(text).ok().or_else(|| day.and_then(instant)).ok_or_else(|| fault.into())
}

fn instant(at: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(at.as_second()).ok().map(Timestamp::from_secs)
}

/// Writes an instant as people read it, in UTC.
pub(crate) fn show(at: Timestamp) -> String {
    i64::try_from(at.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map_or_else(
        || format!("second {at}"),
        |at| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Writes when something expires; the day is enough.
pub(crate) fn show_expiry(expires: Option<Timestamp>) -> String {
    expires.map_or_else(|| "never expires".into(), |at| format!("until {}", day(at)))
}

/// Writes the last instant at which something speaks.
pub(crate) fn show_last(last: Option<Timestamp>) -> String {
    last.map_or_else(|| "never".into(), show)
}

/// Writes the day of an instant, in UTC.
pub(crate) fn day(at: Timestamp) -> String {
    show(at).split(' ').next().unwrap_or_default().to_owned()
}

/// Writes an instant to the minute, in UTC, for tables.
pub(crate) fn minute(at: Timestamp) -> String {
    show(at).get(..16).unwrap_or_default().to_owned()
}

/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;
