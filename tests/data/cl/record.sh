#!/bin/sh
# Records what SBCL prints for forms.lisp into sbcl.jsonl, and for wider.lisp into wider.jsonl; with
# an argument only for the one of that name. Needs sbcl.
cd "$(dirname "$0")" || exit 1
record() {
    sbcl --noinform --non-interactive --no-userinit --eval '(require :sb-posix)' \
        --eval "(defparameter *from* \"$1\")" --eval "(defparameter *to* \"$2\")" --load record.lisp
}
[ "$1" = wider ] || record forms.lisp sbcl.jsonl
[ "$1" = forms ] || record wider.lisp wider.jsonl
