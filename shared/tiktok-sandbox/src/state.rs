//! Everything the sandbox remembers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value, json};

use crate::{
    call::{API_PREFIX, Call},
    clock::Clock,
    codes,
    events::{EventRecord, EventStore},
    faults::{FaultSpec, Faults, Hit},
    limits::{Limits, RateLimiter},
    refusal::Refusal,
    settings::Settings,
    tokens::{Grant, GrantChange, Tokens},
};

/// How often each path was answered with each code: the code as text, or `http_502`, `hang`, `reset`.
pub type CallCounts = BTreeMap<String, BTreeMap<String, u64>>;

/// The sandbox's memory; its public methods are what the control endpoints answer, for tests in the same process.
#[derive(Debug, Default)]
pub struct SandboxState(Mutex<Memory>);

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) clock: Clock,
    pub(crate) settings: Arc<Settings>,
    pub(crate) tokens: Tokens,
    pub(crate) limiter: RateLimiter,
    pub(crate) faults: Faults,
    pub(crate) calls: CallCounts,
    pub(crate) events: EventStore,
}

/// A caller that passed the checks of token, scope and rate.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) grant: Option<Grant>,
    pub(crate) settings: Arc<Settings>,
}

/// What a call needs before its body is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Token,
    Scope(u64),
}

impl SandboxState {
    /// The memory, also after a panic in another call: each change is complete in itself.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepted events in the order of their arrival, test events included.
    pub fn events(&self) -> Vec<EventRecord> {
        self.lock().events.all().to_vec()
    }

    /// How many events are stored, test events left out: what TikTok would count.
    pub fn event_count(&self) -> usize {
        self.lock()
            .events
            .all()
            .iter()
            .filter(|event| !event.test)
            .count()
    }

    /// API calls by path and code.
    pub fn calls(&self) -> CallCounts {
        self.lock().calls.clone()
    }

    /// API calls to one path, with or without `/open_api/v1.3`, whatever the answer was.
    pub fn calls_to(&self, path: &str) -> u64 {
        let memory = self.lock();
        let counts = memory
            .calls
            .get(path)
            .or_else(|| memory.calls.get(&format!("{API_PREFIX}{path}")));
        counts.map_or(0, |codes| codes.values().sum())
    }

    /// The same as `POST /_sandbox/faults`.
    pub fn set_faults(&self, faults: Value) -> Result<(), String> {
        let specs: Vec<FaultSpec> = serde_json::from_value(faults).map_err(|error| error.to_string())?;
        self.lock().faults.set(specs)
    }

    /// The same as `POST /_sandbox/limits`.
    pub fn set_limits(&self, limits: Value) -> Result<(), String> {
        let limits: Limits = serde_json::from_value(limits).map_err(|error| error.to_string())?;
        self.lock().limiter.limits = limits.normalised();
        Ok(())
    }

    /// The same as `POST /_sandbox/settings`: changes what is named, or nothing when a key does not fit.
    pub fn change_settings(&self, change: Value) -> Result<(), String> {
        let Value::Object(mut change) = change else {
            return Err("Settings are a JSON object".to_owned());
        };
        let clock = take::<Option<i64>>(&mut change, "clock")?;
        let advance = take::<i64>(&mut change, "advance_seconds")?;
        let tokens = take::<BTreeMap<String, GrantChange>>(&mut change, "tokens")?;
        let apps = take::<BTreeMap<String, String>>(&mut change, "apps")?;
        let mut memory = self.lock();
        memory.settings = Arc::new(memory.settings.changed(change)?);
        if let Some(seconds) = clock {
            memory.clock.set(seconds);
        }
        if let Some(seconds) = advance {
            memory.clock.advance(seconds);
        }
        for (token, change) in tokens.into_iter().flatten() {
            memory.tokens.change(token, change);
        }
        for (app_id, secret) in apps.into_iter().flatten() {
            memory.tokens.set_app(app_id, secret);
        }
        Ok(())
    }

    /// The settings in force and the clock, as `GET /_sandbox/settings` answers them.
    pub(crate) fn settings_json(&self) -> Value {
        let memory = self.lock();
        let mut settings = serde_json::to_value(&*memory.settings).unwrap_or_else(|_| json!({}));
        if let Value::Object(settings) = &mut settings {
            settings.insert("now".to_owned(), json!(memory.clock.now_ms().div_euclid(1000)));
        }
        settings
    }

    /// Forgets everything: events, audiences, calls, tokens, faults, limits and settings.
    pub fn reset(&self) {
        *self.lock() = Memory::default();
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.lock().clock.now_ms()
    }

    pub(crate) fn fault_for(&self, short_path: &str, body: &[u8]) -> Option<Hit> {
        self.lock().faults.hit(short_path, body)
    }

    pub(crate) fn count_call(&self, path: &str, label: String) {
        let mut memory = self.lock();
        let codes = match memory.calls.get_mut(path) {
            Some(codes) => codes,
            None => memory.calls.entry(path.to_owned()).or_default(),
        };
        *codes.entry(label).or_default() += 1;
    }

    /// The checks before the body, in TikTok's order: token (40104, 40105), scope (40001), rate (40100).
    pub(crate) fn access(&self, call: &Call, needs: Needs) -> Result<Access, Refusal> {
        let mut memory = self.lock();
        let grant = match needs {
            Needs::Nothing => None,
            Needs::Token | Needs::Scope(_) => Some(memory.tokens.grant(call.token.as_deref())?.clone()),
        };
        if let (Needs::Scope(scope), Some(grant)) = (needs, &grant)
            && !grant.has_scope(scope)
        {
            let words = format!(
                "The advertiser does not grant {} {} to this app.",
                call.method,
                call.short_path()
            );
            return Err(Refusal::new(40001, words));
        }
        if !memory.limiter.admit(call.short_path()) {
            return Err(Refusal::new(40100, codes::message(40100)));
        }
        Ok(Access {
            grant,
            settings: Arc::clone(&memory.settings),
        })
    }
}

impl Access {
    /// 40001 unless the token reaches this advertiser.
    pub(crate) fn advertiser(&self, id: &str) -> Result<(), Refusal> {
        if self
            .grant
            .as_ref()
            .is_none_or(|grant| grant.reaches_advertiser(id))
        {
            return Ok(());
        }
        Err(Refusal::new(
            40001,
            format!("No permission to operate advertiser {id}."),
        ))
    }
}

fn take<T: serde::de::DeserializeOwned>(
    change: &mut Map<String, Value>,
    key: &str,
) -> Result<Option<T>, String> {
    let read = |value| serde_json::from_value(value).map_err(|error| format!("{key}: {error}"));
    change.remove(key).map(read).transpose()
}
