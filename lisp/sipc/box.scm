;; Boxes and mutable structures that can be printed; src/host/boxes.rs says why.

(provide box)

;;@doc
;; Makes a box: a place for one value, which set-box! changes.
;;
;; (box value) -> box?
;;
;; * value : any
;;
;; # Examples
;; (define count (box 0))
;; (set-box! count (+ 1 (unbox count)))
(define (box value)
  (#%box (#%wrap value)))
