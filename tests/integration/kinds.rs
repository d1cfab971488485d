//! Callbacks get each message's own type and value, whatever came before it on their server.

use std::process::Command;

use crate::cli_support::{Place, SIPC, Served, wait_for_server};
use crate::support::{RawPeer, binary, frame, text};
use steel_sipc::wire::{Flags, Kind};

/// Serves sockets; a callback answers with its server's name, the type and the value. "anew" has
/// the first one served by another function.
const SCRIPT: &str = r#"
(define (heard name)
  (lambda (type value)
    (respond (to-string name type value))
    (when (equal? value "anew")
      (stop a)
      (set! a (serve first fault (heard "new"))))
    (not (eq? type 'close))))
(define (fault f) #true)
(define first (bind "PATH/a"))
(define a (serve first fault (heard "a")))
(serve (bind "PATH/b") fault (heard "b"))
;; Enters its first call again, with what it was called for.
(define back #false)
(define turns 0)
(define seen '())
(serve (bind "PATH/d") fault
       (lambda (type value)
         (call/cc (lambda (k) (unless back (set! back k))))
         (set! turns (+ turns 1))
         (set! seen (cons type seen))
         (if (and (equal? value "again") (< turns 4))
             (back #true)
             (respond (to-string (reverse seen))))
         #true))
(define end (serve (bind "PATH/s") fault (lambda (type value) #false)))
(wait end)
"#;

fn serve(place: &Place) -> Served {
    let script = SCRIPT.replace("PATH", place.dir.path().to_str().unwrap());
    let mut command = Command::new(SIPC);
    command.args(["-e", &script]);
    let served = Served::start(command, place.socket());
    wait_for_server(&served.socket);
    served
}

#[test]
fn a_callback_gets_the_type_and_value_of_its_own_message_whatever_came_before() {
    let place = Place::new();
    let _served = serve(&place);
    let connect = |name| RawPeer::connect(place.path(name).as_ref());
    let (mut a, mut other, mut b) = (connect("a"), connect("a"), connect("b"));
    let cases = [
        (text("one"), "a string one"),
        (text("two"), "a string two"),
        (binary(&[1, 2]), "a binary #u8(#x01 #x02)"),
        (binary(&[]), "a binary #u8()"),
        (text(""), "a string "),
        (text("three"), "a string three"),
    ];
    for (frame, reply) in &cases {
        assert_eq!(a.send(frame).text(), *reply);
        // The other server's messages come between those of this one.
        let reply = reply.replacen('a', "b", 1);
        assert_eq!(b.send(frame).text(), reply);
    }
    // All at once, from two clients.
    let frames: Vec<u8> = cases.iter().flat_map(|(frame, _)| frame.clone()).collect();
    a.send(&frames);
    other.send(&frames);
    for (_, reply) in &cases {
        assert_eq!(
            (a.text(), other.text()),
            (reply.to_string(), reply.to_string())
        );
    }
    // A server that is served anew calls its new function from the next message on.
    assert_eq!(a.send(&text("anew")).text(), "a string anew");
    let mut a = connect("a");
    assert_eq!(a.send(&text("four")).text(), "new string four");
    assert_eq!(a.send(&text("five")).text(), "new string five");
    let close = frame(Kind::Close, Flags::NONE, b"");
    assert_eq!(a.send(&close).text(), "new close #false");
}

#[test]
fn a_callback_that_is_entered_again_goes_on_with_the_type_it_was_called_for() {
    let place = Place::new();
    let _served = serve(&place);
    let mut d = RawPeer::connect(place.path("d").as_ref());
    assert_eq!(d.send(&text("x")).text(), "(string)");
    assert_eq!(d.send(&binary(&[9])).text(), "(string binary)");
    // The first call, entered again, ends for this message; those after it have their own type.
    d.send(&text("again")).text();
    assert!(d.send(&binary(&[8])).text().ends_with("binary)"));
    assert!(d.send(&text("y")).text().ends_with("binary string)"));
}
