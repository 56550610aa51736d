//! TEMPORARY
#![allow(missing_docs, dead_code)]
use crate::line::Line;
pub struct Harness(Option<Line>);
impl Harness {
    pub fn from_args() -> Self {
        Self(None)
    }
    pub fn model(&mut self, name: &str, f: impl Fn() + Send + Sync + 'static) {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).is_err() {
            self.0 = Some(Line {
                verdict: "fail".into(),
                kind: Some("panic".into()),
                engine: "native".into(),
                executions: 1,
                blocked: 0,
                seconds: 0.0,
                message: name.into(),
                sites: vec![],
                trace: "t".into(),
                token: "".into(),
            });
        }
    }
    pub fn finish(self) {
        let line = self.0.unwrap_or(Line {
            verdict: "pass".into(),
            kind: None,
            engine: "native".into(),
            executions: 1,
            blocked: 0,
            seconds: 0.0,
            message: "".into(),
            sites: vec![],
            trace: "t".into(),
            token: "".into(),
        });
        println!("\n{}", serde_json::to_string(&line).unwrap());
    }
}
