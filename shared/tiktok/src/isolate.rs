//! Narrows a refused call down to its bad rows, and gets the others accepted. Pure: the caller sends.
//!
//! TikTok refuses a whole call for one bad row, and names the first at best (reference, 3.10).

use crate::verdict::{Cause, Verdict};

/// How many calls the search may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(usize);

impl Budget {
    /// At most this many calls beyond the first.
    pub const fn extra_calls(calls: usize) -> Self {
        Self(calls)
    }
}

/// Whether the index that a message names is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexTrust {
    /// As a hint, until it blames a row that TikTok then takes.
    #[default]
    Hint,
    /// Never.
    Ignore,
}

/// A call to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// To be named in [`Isolation::report`].
    pub id: u64,
    /// The rows to be sent, in this order. Never empty.
    pub rows: Vec<u32>,
}

/// What became known of rows. It is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// TikTok took these rows.
    Accepted(Vec<u32>),
    /// TikTok will never take this row.
    Refused {
        /// The row.
        row: u32,
        /// Why.
        cause: Cause,
    },
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// Rows of which nothing is known, ascending; empty exactly when the end is [`End::Done`].
    pub left: Vec<u32>,
    /// Calls that were reported, the first included.
    pub calls: usize,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Each row was accepted or refused.
    Done,
    /// The budget is used up.
    Budget,
    /// A call had no answer about its rows, or the caller stopped.
    Stopped,
}

/// The search for the bad rows of one call.
///
/// ```
/// use tiktok::isolate::{Budget, End, IndexTrust, Isolation, Known};
/// use tiktok::{Cause, Verdict};
///
/// // A TikTok that does not like row 13, and names no index.
/// let send = |rows: &[u32]| match rows.contains(&13) {
///     true => Verdict::Refused { row: None, cause: Cause::default() },
///     false => Verdict::Accepted,
/// };
/// let mut isolation = Isolation::new((10..20).collect(), Budget::extra_calls(100), IndexTrust::Hint);
/// let (mut accepted, mut refused) = (Vec::new(), Vec::new());
/// while let Some(call) = isolation.next_call() {
///     let verdict = send(&call.rows);
///     for known in isolation.report(call.id, &verdict) {
///         match known {
///             Known::Accepted(rows) => accepted.extend(rows),
///             Known::Refused { row, .. } => refused.push(row),
///         }
///     }
/// }
/// accepted.sort();
/// assert_eq!((accepted, refused), (vec![10, 11, 12, 14, 15, 16, 17, 18, 19], vec![13]));
/// assert_eq!(isolation.finish().end, End::Done);
/// ```
///
/// Extra calls, those beyond the first, are at most `2k(log2(n/k) + 1)` for `k` bad rows of `n`, whether the
/// messages name no index, the right one or a wrong one, provided that a call is refused exactly when it holds
/// a bad row. How that comes:
///
/// - An index is a hint. The row it names is sent alone: refused, it is settled, and the others are sent again
///   (two calls for the row). Accepted, no index is believed any more: that is one call lost, and the others are
///   known to hold a bad row without being sent.
/// - Without an index the rows are halved. The first call goes to the smaller half: if it is accepted, the larger
///   one must hold the bad row and is halved without being sent. That saving pays for the call that a wrong index
///   costs.
#[derive(Debug, Clone)]
pub struct Isolation {
    open: Vec<Group>,
    in_flight: Option<(u64, Group)>,
    trusted: bool,
    stopped: bool,
    begun: usize,
    reported: usize,
    most: usize,
}

/// Rows of which nothing is known one by one.
#[derive(Debug, Clone)]
struct Group {
    rows: Vec<u32>,
    /// A bad row must be among them.
    bad: bool,
    /// If this group is accepted, a bad row must be in the next open one.
    next_or_this: bool,
    /// The one row of this group was blamed by an index.
    suspect: bool,
}

impl Group {
    fn of(rows: Vec<u32>) -> Self {
        Self {
            rows,
            bad: false,
            next_or_this: false,
            suspect: false,
        }
    }
}

impl Isolation {
    /// Begins with one call of all rows. Rows are the caller's names for them; an index that TikTok names is a
    /// place in [`Call::rows`].
    pub fn new(rows: Vec<u32>, budget: Budget, trust: IndexTrust) -> Self {
        let open = if rows.is_empty() {
            Vec::new()
        } else {
            vec![Group::of(rows)]
        };
        Self {
            open,
            in_flight: None,
            trusted: trust == IndexTrust::Hint,
            stopped: false,
            begun: 0,
            reported: 0,
            most: budget.0.saturating_add(1),
        }
    }

    /// The call to make next. `None` when the search is over. The same call again until it is reported.
    pub fn next_call(&mut self) -> Option<Call> {
        if self.in_flight.is_none() {
            self.in_flight = self.begin();
        }
        self.in_flight.as_ref().map(|(id, group)| Call {
            id: *id,
            rows: group.rows.clone(),
        })
    }

    fn begin(&mut self) -> Option<(u64, Group)> {
        if self.stopped || self.begun >= self.most {
            return None;
        }
        let mut group = self.open.pop()?;
        while group.bad && group.rows.len() > 1 {
            self.halve(group.rows);
            group = self.open.pop()?;
        }
        self.begun += 1;
        Some((self.begun as u64, group))
    }

    /// Notes what TikTok said to a call, and tells what is known by it.
    ///
    /// [`Verdict::Partial`] is final for all rows of the call, since TikTok took it: the rows that it names are
    /// refused and the others count as accepted, all of them when it names none (reference, 2.3: "count as
    /// delivered with warning"; the warning is the caller's). [`Verdict::Split`] blames nobody, but a single row
    /// that is too much is refused. [`Verdict::Retry`], [`Verdict::Unauthorized`] and [`Verdict::Misconfigured`]
    /// say nothing about rows: they end the search, and the rows are left. Whoever wants to try again does so
    /// before the report.
    ///
    /// A call that is not under way is ignored.
    pub fn report(&mut self, id: u64, verdict: &Verdict) -> Vec<Known> {
        let Some((_, group)) = self.in_flight.take_if(|(of, _)| *of == id) else {
            return Vec::new();
        };
        self.reported += 1;
        match verdict {
            Verdict::Accepted => self.accepted(group),
            Verdict::Partial { rows, cause } => partly(&group.rows, rows, cause),
            Verdict::Refused { row, cause } => self.refused(group, *row, cause),
            Verdict::Split { cause } => self.too_many(group, cause),
            Verdict::Retry { .. } | Verdict::Unauthorized { .. } | Verdict::Misconfigured { .. } => {
                self.stopped = true;
                self.open.push(group);
                Vec::new()
            }
        }
    }

    fn accepted(&mut self, group: Group) -> Vec<Known> {
        if group.suspect {
            self.trusted = false;
        }
        if group.next_or_this
            && let Some(next) = self.open.last_mut()
        {
            next.bad = true;
        }
        vec![Known::Accepted(group.rows)]
    }

    fn refused(&mut self, group: Group, index: Option<usize>, cause: &Cause) -> Vec<Known> {
        let mut rows = group.rows;
        if let [row] = rows[..] {
            return refusal(row, cause);
        }
        match index.filter(|_| self.trusted) {
            Some(index) if index < rows.len() => {
                let suspect = rows.remove(index);
                self.open.push(Group::of(rows));
                self.open.push(Group {
                    next_or_this: true,
                    suspect: true,
                    ..Group::of(vec![suspect])
                });
            }
            beyond => {
                self.trusted &= beyond.is_none();
                self.halve(rows);
            }
        }
        Vec::new()
    }

    /// Halves rows of which one at least is bad.
    fn halve(&mut self, mut rows: Vec<u32>) {
        let smaller = rows.split_off(rows.len().div_ceil(2));
        self.open.push(Group::of(rows));
        self.open.push(Group {
            next_or_this: true,
            ..Group::of(smaller)
        });
    }

    /// Halves rows of which none is known to be bad.
    fn too_many(&mut self, group: Group, cause: &Cause) -> Vec<Known> {
        let mut rows = group.rows;
        if let [row] = rows[..] {
            return refusal(row, cause);
        }
        let second = rows.split_off(rows.len().div_ceil(2));
        self.open.push(Group::of(second));
        self.open.push(Group::of(rows));
        Vec::new()
    }

    /// Each row was accepted or refused.
    pub fn is_done(&self) -> bool {
        self.open.is_empty() && self.in_flight.is_none()
    }

    /// Ends the search, with the rows that are left for the caller to carry.
    pub fn finish(self) -> Outcome {
        let over = self.in_flight.is_none() && self.begun >= self.most;
        let end = if self.is_done() {
            End::Done
        } else if over && !self.stopped {
            End::Budget
        } else {
            End::Stopped
        };
        let in_flight = self.in_flight.map(|(_, group)| group);
        let groups = self.open.into_iter().chain(in_flight);
        let mut left: Vec<u32> = groups.flat_map(|group| group.rows).collect();
        left.sort_unstable();
        Outcome {
            end,
            left,
            calls: self.reported,
        }
    }
}

fn refusal(row: u32, cause: &Cause) -> Vec<Known> {
    vec![Known::Refused {
        row,
        cause: cause.clone(),
    }]
}

fn partly(rows: &[u32], named: &[usize], cause: &Cause) -> Vec<Known> {
    let (mut accepted, mut known) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        if named.contains(&index) {
            known.extend(refusal(*row, cause));
        } else {
            accepted.push(*row);
        }
    }
    if !accepted.is_empty() {
        known.push(Known::Accepted(accepted));
    }
    known
}
