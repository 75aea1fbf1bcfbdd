//! llguidance behind a handful of C functions, for WebAssembly. Pointers are offsets in the module's memory; a function
//! that can fail leaves a text at `err_ptr`. Nothing here is called by two threads at once.
use std::cell::RefCell;
use std::slice::from_raw_parts;
use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::earley::SlicedBiasComputer;
use llguidance::{Matcher, ParserFactory};
use toktrie::{ApproximateTokEnv, InferenceCapabilities, TokEnv, TokRxInfo, TokTrie};

thread_local! {
    static ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

fn fail(text: impl ToString) {
    ERROR.with(|error| *error.borrow_mut() = text.to_string());
}

fn pointer<T, E: ToString>(made: Result<T, E>) -> *mut T {
    match made {
        Ok(value) => Box::into_raw(Box::new(value)),
        Err(error) => {
            fail(error);
            std::ptr::null_mut()
        }
    }
}

fn number<E: ToString>(answer: Result<i32, E>) -> i32 {
    answer.unwrap_or_else(|error| {
        fail(error);
        -1
    })
}

#[no_mangle]
pub extern "C" fn err_ptr() -> *const u8 {
    ERROR.with(|error| error.borrow().as_ptr())
}

#[no_mangle]
pub extern "C" fn err_len() -> usize {
    ERROR.with(|error| error.borrow().len())
}

#[no_mangle]
pub extern "C" fn alloc(bytes: usize) -> *mut u8 {
    let mut room = Vec::<u8>::with_capacity(bytes);
    let at = room.as_mut_ptr();
    std::mem::forget(room);
    at
}

/// # Safety
/// Takes what `alloc` gave for the same number of bytes.
#[no_mangle]
pub unsafe extern "C" fn dealloc(at: *mut u8, bytes: usize) {
    drop(Vec::from_raw_parts(at, 0, bytes));
}

/// A vocabulary: the length of each token, then their bytes. Those of control tokens begin with 0xFF.
///
/// # Safety
/// `lengths` has `count` numbers, whose sum `bytes` has.
#[no_mangle]
pub unsafe extern "C" fn vocab_new(
    lengths: *const u32,
    count: usize,
    bytes: *const u8,
    end: u32,
) -> *mut ParserFactory {
    let mut at = 0;
    let mut words = Vec::with_capacity(count);
    for &length in from_raw_parts(lengths, count) {
        words.push(from_raw_parts(bytes.add(at), length as usize).to_vec());
        at += length as usize;
    }
    let trie = TokTrie::from(&TokRxInfo::new(count as u32, end), &words);
    let env: TokEnv = Arc::new(ApproximateTokEnv::new(trie));
    let able = InferenceCapabilities::default();
    let factory = ParserFactory::new(&env, able, &SlicedBiasComputer::json_slices());
    pointer(factory.map(|mut factory| {
        factory.quiet();
        let limits = factory.limits_mut();
        limits.verbose_errors = false;
        limits.max_grammar_size = 250_000;
        limits.max_lexer_states = 50_000;
        factory
    }))
}

/// A matcher at the beginning of a text. `kind`: 0 a JSON Schema, 1 a regular expression, 2 a grammar in Lark's syntax.
///
/// # Safety
/// `factory` is of `vocab_new`, and `text` has `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn matcher_new(
    factory: *const ParserFactory,
    kind: u32,
    text: *const u8,
    length: usize,
) -> *mut Matcher {
    pointer(compile(&*factory, kind, from_raw_parts(text, length)))
}

fn compile(factory: &ParserFactory, kind: u32, text: &[u8]) -> Result<Matcher, String> {
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    let grammar = match kind {
        0 => {
            let schema = serde_json::from_str(text).map_err(|error| format!("JSON: {error}"))?;
            TopLevelGrammar::from_json_schema(schema)
        }
        1 => TopLevelGrammar::from_regex(text),
        _ => TopLevelGrammar::from_lark(text.to_string()),
    };
    let mut matcher = Matcher::new(factory.create_parser(grammar));
    match matcher.get_error() {
        Some(error) => Err(error),
        // What is only warned of would not be enforced.
        None => match matcher.grammar_warnings().into_iter().next() {
            Some(warning) => Err(format!("Unenforced: {warning}")),
            None => Ok(matcher),
        },
    }
}

/// # Safety
/// This and all below take a matcher that was not freed.
#[no_mangle]
pub unsafe extern "C" fn matcher_free(matcher: *mut Matcher) {
    drop(Box::from_raw(matcher));
}

/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_clone(matcher: *const Matcher) -> *mut Matcher {
    Box::into_raw(Box::new((*matcher).deep_clone()))
}

/// Writes a bit for each token that may come next.
///
/// # Safety
/// `out` has room for `words` numbers.
#[no_mangle]
pub unsafe extern "C" fn matcher_mask(matcher: *mut Matcher, out: *mut u32, words: usize) -> i32 {
    number((*matcher).compute_mask_or_eos().map(|mask| {
        let bits = mask.as_slice();
        std::ptr::copy_nonoverlapping(bits.as_ptr(), out, bits.len().min(words));
        0
    }))
}

/// 1 if the token may come next.
///
/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_check(matcher: *mut Matcher, token: u32) -> i32 {
    number((*matcher).validate_tokens(&[token]).map(|count| count as i32))
}

/// Consumes a token that may come next.
///
/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_consume(matcher: *mut Matcher, token: u32) -> i32 {
    number(match (*matcher).try_consume_tokens(&[token]) {
        Ok(1) => Ok(0),
        Ok(_) => Err("the token may not come next".to_string()),
        Err(error) => Err(error.to_string()),
    })
}

/// llguidance 1.9.1 keeps its last mask for a place that it knows by a row's number, and another text can come to the
/// same number.
///
/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_rollback(matcher: *mut Matcher, count: usize) -> i32 {
    let answer = (*matcher).rollback(count).map(|()| 0);
    (*matcher).invalidate_bias_cache();
    number(answer)
}

/// 1 if the text may end here.
///
/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_accepting(matcher: *mut Matcher) -> i32 {
    number((*matcher).is_accepting().map(i32::from))
}

/// 1 if nothing may follow.
///
/// # Safety
/// See `matcher_free`.
#[no_mangle]
pub unsafe extern "C" fn matcher_stopped(matcher: *const Matcher) -> i32 {
    i32::from((*matcher).is_stopped())
}
