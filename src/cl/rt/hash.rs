//! Hash tables. Entries keep the order of insertion, as SBCL's do until one is removed.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use steel::SteelVal;

use super::chars;
use super::number::N;
use super::table::{Prims, p};
use crate::cl::value::*;

/// How keys are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Test {
    Eq,
    Eql,
    Equal,
    Equalp,
}

impl Test {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Test::Eq => "EQ",
            Test::Eql => "EQL",
            Test::Equal => "EQUAL",
            Test::Equalp => "EQUALP",
        }
    }

    /// From a symbol or the primitive itself.
    pub(crate) fn of(v: &V) -> Option<Test> {
        if let Some(n) = symbol_name(v) {
            return match n.as_str() {
                "EQ" => Some(Test::Eq),
                "EQL" | "NIL" => Some(Test::Eql),
                "EQUAL" => Some(Test::Equal),
                "EQUALP" => Some(Test::Equalp),
                _ => None,
            };
        }
        if let SteelVal::FuncV(f) = v {
            for (name, test) in [
                ("EQ", Test::Eq),
                ("EQL", Test::Eql),
                ("EQUAL", Test::Equal),
                ("EQUALP", Test::Equalp),
            ] {
                let entry = super::table::PRIMS.get(name);
                if entry.is_some_and(|e| std::ptr::fn_addr_eq(e.function, *f)) {
                    return Some(test);
                }
            }
        }
        None
    }

    fn same(self, a: &V, b: &V) -> bool {
        match self {
            Test::Eq | Test::Eql => eql(a, b),
            Test::Equal => equal(a, b),
            Test::Equalp => super::types::equalp(a, b),
        }
    }
}

/// A hash table.
pub(crate) struct Table {
    pub(crate) test: Test,
    pub(crate) entries: Vec<Option<(V, V)>>,
    buckets: HashMap<u64, Vec<usize>>,
    free: Vec<usize>,
}

fn hash_value(v: &V, test: Test, h: &mut DefaultHasher, depth: usize) {
    if test == Test::Equalp {
        if let Some(n) = N::get(v) {
            n.f64().to_bits().hash(h);
            return;
        }
        if let SteelVal::CharV(c) = v {
            chars::downcase(*c).hash(h);
            return;
        }
    }
    match v {
        SteelVal::IntV(i) => i.hash(h),
        SteelVal::CharV(c) => c.hash(h),
        SteelVal::BoolV(b) => b.hash(h),
        SteelVal::SymbolV(s) => s.as_str().hash(h),
        SteelVal::NumV(f) => f.to_bits().hash(h),
        SteelVal::BigNum(_) | SteelVal::Rational(_) | SteelVal::BigRational(_) => {
            super::number::print_number(v, 10).hash(h);
        }
        SteelVal::Custom(c) => {
            if let Some(d) = double(v) {
                d.to_bits().hash(h);
            } else if matches!(test, Test::Eq | Test::Eql) {
                format!("{c:p}").hash(h);
            } else if let Some(t) = text(v) {
                if test == Test::Equalp {
                    chars::folded(&t).hash(h)
                } else {
                    t.hash(h)
                }
            } else if let Some((a, d)) = uncons(v) {
                if depth < 8 {
                    hash_value(&a, test, h, depth + 1);
                    hash_value(&d, test, h, depth + 1);
                }
            } else if test == Test::Equal {
                format!("{c:p}").hash(h);
            }
        }
        SteelVal::StringV(s) if test == Test::Equalp => chars::folded(s).hash(h),
        SteelVal::StringV(s) if test == Test::Equal => s.as_str().hash(h),
        SteelVal::StringV(s) => (s.as_str().as_ptr() as usize).hash(h),
        _ => {}
    }
}

impl Table {
    pub(crate) fn new(test: Test) -> Table {
        Table {
            test,
            entries: Vec::new(),
            buckets: HashMap::new(),
            free: Vec::new(),
        }
    }

    fn key(&self, k: &V) -> u64 {
        let mut h = DefaultHasher::new();
        hash_value(k, self.test, &mut h, 0);
        h.finish()
    }

    fn find(&self, k: &V) -> Option<usize> {
        self.buckets.get(&self.key(k))?.iter().copied().find(|i| {
            self.entries[*i]
                .as_ref()
                .is_some_and(|(key, _)| self.test.same(key, k))
        })
    }

    pub(crate) fn get(&self, k: &V) -> Option<V> {
        self.find(k)
            .and_then(|i| self.entries[i].as_ref().map(|e| e.1.clone()))
    }

    pub(crate) fn set(&mut self, k: V, v: V) {
        if let Some(i) = self.find(&k) {
            if let Some(e) = &mut self.entries[i] {
                e.1 = v;
            }
            return;
        }
        let hash = self.key(&k);
        let at = match self.free.pop() {
            Some(i) => {
                self.entries[i] = Some((k, v));
                i
            }
            None => {
                self.entries.push(Some((k, v)));
                self.entries.len() - 1
            }
        };
        self.buckets.entry(hash).or_default().push(at);
    }

    fn remove(&mut self, k: &V) -> bool {
        let Some(i) = self.find(k) else { return false };
        let hash = self.key(k);
        if let Some(b) = self.buckets.get_mut(&hash) {
            b.retain(|x| *x != i);
        }
        self.entries[i] = None;
        self.free.push(i);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }
}

fn table<A>(v: &V, f: impl FnOnce(&mut Table) -> A) -> Result<A, steel::rerrs::SteelErr> {
    with_mut(v, |o| {
        if let Obj::Table(t) = o {
            Some(f(t))
        } else {
            None
        }
    })
    .flatten()
    .ok_or_else(|| type_error(v, "HASH-TABLE"))
}

fn pairs(v: &V) -> Result<Vec<(V, V)>, steel::rerrs::SteelErr> {
    table(v, |t| t.entries.iter().flatten().cloned().collect())
}

fn gethash(a: &[V]) -> Result<(V, V), steel::rerrs::SteelErr> {
    Ok(match table(&a[1], |t| t.get(&a[0]))? {
        Some(v) => (v, T),
        None => (a.get(2).cloned().unwrap_or(NIL), NIL),
    })
}

pub(super) fn register(t: &mut Prims) {
    // (%make-hash-table test)
    p!(t, "%MAKE-HASH-TABLE", 1, 1, |a| match Test::of(&a[0]) {
        Some(test) => Ok(obj(Obj::Table(Box::new(Table::new(test))))),
        None => Err(simple_error(&format!(
            "Unknown :TEST for MAKE-HASH-TABLE: {}",
            crate::cl::printer::prin1(&a[0])
        ))),
    });
    p!(t, "GETHASH", 2, 3, gethash, multi);
    p!(t, "%PUTHASH", 3, 3, |a| {
        table(&a[1], |t| t.set(a[0].clone(), a[2].clone()))?;
        Ok(a[2].clone())
    });
    p!(t, "REMHASH", 2, 2, |a| bool_v(
        table(&a[1], |t| t.remove(&a[0]))?
    ));
    p!(t, "CLRHASH", 1, 1, |a| {
        table(&a[0], |t| *t = Table::new(t.test))?;
        Ok(a[0].clone())
    });
    p!(t, "HASH-TABLE-COUNT", 1, 1, |a| Ok(SteelVal::IntV(
        table(&a[0], |t| t.len())? as isize
    )));
    p!(t, "HASH-TABLE-TEST", 1, 1, |a| Ok(symbol(table(
        &a[0],
        |t| t.test.name()
    )?)));
    p!(t, "HASH-TABLE-SIZE", 1, 1, |a| {
        Ok(SteelVal::IntV(
            table(&a[0], |t| t.entries.len().max(14))? as isize
        ))
    });
    p!(t, "HASH-TABLE-P", 1, 1, |a| bool_v(
        table(&a[0], |_| ()).is_ok()
    ));
    // Steel lists, for loops written in Scheme.
    p!(t, "%HASH-KEYS", 1, 1, |a| {
        Ok(SteelVal::ListV(
            pairs(&a[0])?
                .into_iter()
                .map(|p| p.0)
                .collect::<Vec<_>>()
                .into(),
        ))
    });
    p!(t, "%HASH-VALUES", 1, 1, |a| {
        Ok(SteelVal::ListV(
            pairs(&a[0])?
                .into_iter()
                .map(|p| p.1)
                .collect::<Vec<_>>()
                .into(),
        ))
    });
}
