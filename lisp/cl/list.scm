;; List functions that call a closure.

(define (cl:firsts lists)
  (map %CAR lists))

(define (cl:any-end? lists)
  (if (null? lists) #f (if (%ENDP (car lists)) #t (cl:any-end? (cdr lists)))))

(define (cl:mapcar f l . more)
  (if (null? more)
      (let loop ((l l) (out '()))
        (if (%ENDP l) (%REVERSED out) (loop (%CDR l) (cons (f (%CAR l)) out))))
      (let loop ((ls (cons l more)) (out '()))
        (if (cl:any-end? ls)
            (%REVERSED out)
            (loop (map %CDR ls) (cons (apply f (cl:firsts ls)) out))))))

(define (cl:mapc f l . more)
  (if (null? more)
      (let loop ((at l)) (if (%ENDP at) l (begin (f (%CAR at)) (loop (%CDR at)))))
      (let loop ((ls (cons l more)))
        (if (cl:any-end? ls) l (begin (apply f (cl:firsts ls)) (loop (map %CDR ls)))))))

(define (cl:mapcan f l . more)
  (apply %NCONC (%STEEL-LIST (apply cl:mapcar (cons f (cons l more))))))

(define (cl:maplist f l . more)
  (let loop ((ls (cons l more)) (out '()))
    (if (cl:any-atom? ls)
        (%REVERSED out)
        (loop (map %CDR ls) (cons (apply f ls) out)))))

(define (cl:mapl f l . more)
  (let loop ((ls (cons l more)))
    (if (cl:any-atom? ls) l (begin (apply f ls) (loop (map %CDR ls))))))

(define (cl:any-atom? ls)
  (if (null? ls) #f (if (%ATOM (car ls)) #t (cl:any-atom? (cdr ls)))))

(define (cl:mapcon f l . more)
  (apply %NCONC (%STEEL-LIST (apply cl:maplist (cons f (cons l more))))))

(define (cl:maphash f table)
  (let loop ((ks (%HASH-KEYS table)) (vs (%HASH-VALUES table)))
    (if (null? ks) #f (begin (f (car ks) (car vs)) (loop (cdr ks) (cdr vs))))))

;; The test of a function with :key, :test and :test-not, as one function of the element.
(define (cl:matcher item key test test-not)
  (let ((same (cond
                [test (lambda (x) (test item x))]
                [test-not (lambda (x) (not (test-not item x)))]
                [else (lambda (x) (%EQL item x))])))
    (if key (lambda (x) (same (key x))) same)))

(define (cl:member-if f l key)
  (let loop ((l l))
    (cond
      [(%ENDP l) #f]
      [(f (if key (key (%CAR l)) (%CAR l))) l]
      [else (loop (%CDR l))])))

(define (cl:member item l key test test-not)
  (if (or key test test-not)
      (cl:member-if (cl:matcher item key test test-not) l #f)
      (%MEMBER item l)))

(define (cl:assoc-if f l key)
  (let loop ((l l))
    (cond
      [(%ENDP l) #f]
      [(and (%CAR l) (f (if key (key (%CAR (%CAR l))) (%CAR (%CAR l))))) (%CAR l)]
      [else (loop (%CDR l))])))

(define (cl:assoc item l key test test-not)
  (if (or key test test-not)
      (cl:assoc-if (cl:matcher item key test test-not) l #f)
      (%ASSOC item l)))

(define (cl:rassoc item l key test test-not)
  (let ((f (cl:matcher item key test test-not)))
    (let loop ((l l))
      (cond
        [(%ENDP l) #f]
        [(and (%CAR l) (f (%CDR (%CAR l)))) (%CAR l)]
        [else (loop (%CDR l))]))))

(define (cl:adjoin item l key test test-not)
  (if (cl:member (if key (key item) item) l key test test-not) l (%CONS item l)))

(define (cl:in? x l key test test-not)
  (if (cl:member (if key (key x) x) l key test test-not) #t #f))

;; SBCL's orders, which programs print. The shorter list begins the union.
(define (cl:union a b key test test-not)
  (if (< (%LENGTH a) (%LENGTH b))
      (cl:not-in b a a key test test-not)
      (cl:not-in a b b key test test-not)))

;; The elements of l that are not in other, in front of out.
(define (cl:not-in l other out key test test-not)
  (let loop ((l l) (out out))
    (if (%ENDP l)
        out
        (loop (%CDR l) (if (cl:in? (%CAR l) other key test test-not) out (%CONS (%CAR l) out))))))

(define (cl:intersection a b key test test-not)
  (let loop ((l (and b a)) (out #f))
    (if (%ENDP l)
        out
        (loop (%CDR l) (if (cl:in? (%CAR l) b key test test-not) (%CONS (%CAR l) out) out)))))

(define (cl:set-difference a b key test test-not)
  (if b (cl:not-in a b #f key test test-not) a))

(define (cl:set-exclusive-or a b key test test-not)
  (cond
    [(not a) b]
    [(not b) a]
    [else (cl:not-in b a (cl:not-in a b #f key test test-not) key test test-not)]))

(define (cl:subsetp a b key test test-not)
  (let loop ((l a))
    (cond
      [(%ENDP l) #t]
      [(cl:in? (%CAR l) b key test test-not) (loop (%CDR l))]
      [else #f])))

(define (cl:subst new old tree key test test-not)
  (let ((f (cl:matcher old key test test-not)))
    (let walk ((x tree))
      (cond
        [(f x) new]
        [(%ATOM x) x]
        [else (%CONS (walk (%CAR x)) (walk (%CDR x)))]))))

(define (cl:sublis pairs tree key test test-not)
  (let walk ((x tree))
    (let ((found (cl:assoc x pairs key test test-not)))
      (cond
        [found (%CDR found)]
        [(%ATOM x) x]
        [else (%CONS (walk (%CAR x)) (walk (%CDR x)))]))))

(define (cl:tree-equal a b test)
  (cond
    [(%ATOM a) (and (%ATOM b) (if test (test a b) (%EQL a b)))]
    [(%ATOM b) #f]
    [else (and (cl:tree-equal (%CAR a) (%CAR b) test) (cl:tree-equal (%CDR a) (%CDR b) test))]))

;; The functions that look for what does not fit.
(define (cl:member-if-not f l key)
  (cl:member-if (cl:complement f) l key))

(define (cl:assoc-if-not f l key)
  (cl:assoc-if (cl:complement f) l key))

(define (cl:rassoc-if f l key)
  (let loop ((l l))
    (cond
      [(%ENDP l) #f]
      [(and (%CAR l) (f (if key (key (%CDR (%CAR l))) (%CDR (%CAR l))))) (%CAR l)]
      [else (loop (%CDR l))])))

(define (cl:rassoc-if-not f l key)
  (cl:rassoc-if (cl:complement f) l key))

(define (cl:subst-if new f tree key)
  (let walk ((x tree))
    (cond
      [(f (if key (key x) x)) new]
      [(%ATOM x) x]
      [else (%CONS (walk (%CAR x)) (walk (%CDR x)))])))

(define (cl:subst-if-not new f tree key)
  (cl:subst-if new (cl:complement f) tree key))

;; The first property of a list that is one of some: the key, the value and the list from there.
(define (cl:get-properties l keys)
  (cond
    [(%ENDP l) (%VALUES #f #f #f)]
    [(%MEMBER (%CAR l) keys) (%VALUES (%CAR l) (%CAR (%CDR l)) l)]
    [else (cl:get-properties (%CDR (%CDR l)) keys)]))
