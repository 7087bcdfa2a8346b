//! Equal persons go once a call: one row stands for all that are like it.

use std::collections::HashMap;

use sync_core::run::{Batch, BatchKind};

/// The rows of a call, of equal ones the first alone.
pub(crate) struct Twins {
    first: Vec<u32>,
    others: HashMap<u32, Vec<u32>>,
}

impl Twins {
    /// Of rows that make events each stands for itself: TikTok tells them apart by their ids.
    pub(crate) fn of(batch: &Batch<'_>, rows: Vec<u32>) -> Self {
        let mut twins = Self {
            first: Vec::with_capacity(rows.len()),
            others: HashMap::new(),
        };
        if !matches!(batch.header.kind, BatchKind::Adds | BatchKind::Removals) {
            twins.first = rows;
            return twins;
        }
        let mut seen: HashMap<&str, u32> = HashMap::with_capacity(rows.len());
        for row in rows {
            let Some(payload) = batch.rows.get(row as usize).map(|row| row.payload.get()) else {
                continue;
            };
            if let Some(first) = seen.get(payload) {
                twins.others.entry(*first).or_default().push(row);
            } else {
                seen.insert(payload, row);
                twins.first.push(row);
            }
        }
        twins
    }

    /// The rows that are sent.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.first
    }

    /// These rows with those that they stand for.
    pub(crate) fn all(&self, rows: &[u32]) -> Vec<u32> {
        let mut all = rows.to_vec();
        all.extend(rows.iter().filter_map(|row| self.others.get(row)).flatten());
        all
    }
}
