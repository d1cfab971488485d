;; Sequence functions that call a closure. They work on the Steel list of the elements.

(define (cl:map kind f s . more)
  (let ((all (if (null? more)
                 (let loop ((l (%ELEMENTS s)) (out '()))
                   (if (null? l) (reverse out) (loop (cdr l) (cons (f (car l)) out))))
                 (let loop ((ls (map (lambda (x) (%ELEMENTS x)) (cons s more))) (out '()))
                   (if (cl:any-null? ls)
                       (reverse out)
                       (loop (map cdr ls) (cons (apply f (map car ls)) out)))))))
    (if kind (%OF-TYPE kind all) #f)))

(define (cl:any-null? ls)
  (if (null? ls) #f (if (null? (car ls)) #t (cl:any-null? (cdr ls)))))

(define (cl:map-into to f . from)
  (let ((new (if (null? from)
                 (map (lambda (old) (f)) (%ELEMENTS to))
                 (apply cl:map (cons 'LIST (cons f from))))))
    (%REPLACE to new #f #f #f #f)))

(define (cl:reduce f s initial from-end start end key)
  (let* ((all (%ELEMENTS s start end))
         (all (if key (map (lambda (x) (key x)) all) all))
         (all (if from-end (reverse all) all))
         (step (if from-end (lambda (acc x) (f x acc)) f)))
    (cond
      [(%IS-BOUND initial) (cl:fold step initial all)]
      [(null? all) (f)]
      [else (cl:fold step (car all) (cdr all))])))

(define (cl:fold f acc l)
  (if (null? l) acc (cl:fold f (f acc (car l)) (cdr l))))

;; A stable merge sort; a vector is sorted in its place.
(define (cl:sort s less key)
  (let ((less (if key (lambda (a b) (less (key a) (key b))) less)))
    (let ((sorted (cl:merge-sort (%ELEMENTS s) less)))
      (if (%LISTP s) (%LIKE s sorted) (%REPLACE s sorted #f #f #f #f)))))

(define (cl:merge-sort l less)
  (let ((n (length l)))
    (if (< n 2)
        l
        (let loop ((i (quotient n 2)) (rest l) (head '()))
          (if (= i 0)
              (cl:merge-lists (cl:merge-sort (reverse head) less) (cl:merge-sort rest less) less)
              (loop (- i 1) (cdr rest) (cons (car rest) head)))))))

(define (cl:merge-lists a b less)
  (let loop ((a a) (b b) (out '()))
    (cond
      [(null? a) (append (reverse out) b)]
      [(null? b) (append (reverse out) a)]
      [(less (car b) (car a)) (loop a (cdr b) (cons (car b) out))]
      [else (loop (cdr a) b (cons (car a) out))])))

(define (cl:merge kind a b less key)
  (let ((less (if key (lambda (x y) (less (key x) (key y))) less)))
    (%OF-TYPE kind (cl:merge-lists (%ELEMENTS a) (%ELEMENTS b) less))))

;; The first true value of f over the elements, or #f.
(define (cl:some f s . more)
  (if (null? more)
      (let loop ((l (%ELEMENTS s)))
        (if (null? l) #f (let ((v (f (car l)))) (if v v (loop (cdr l))))))
      (let loop ((ls (map (lambda (x) (%ELEMENTS x)) (cons s more))))
        (if (cl:any-null? ls)
            #f
            (let ((v (apply f (map car ls)))) (if v v (loop (map cdr ls))))))))

(define (cl:every f s . more)
  (let loop ((ls (map (lambda (x) (%ELEMENTS x)) (cons s more))))
    (cond
      [(cl:any-null? ls) #t]
      [(apply f (map car ls)) (loop (map cdr ls))]
      [else #f])))

(define (cl:notany f s . more)
  (not (apply cl:some (cons f (cons s more)))))

(define (cl:notevery f s . more)
  (not (apply cl:every (cons f (cons s more)))))

;; Index and element of the first match between start and end, as a pair; or #f.
(define (cl:locate f s key start end from-end)
  (let* ((first (if start start 0)) (all (%ELEMENTS s start end)))
    (if from-end
        (let loop ((l (reverse all)) (i (+ first (- (length all) 1))))
          (cond
            [(null? l) #f]
            [(f (if key (key (car l)) (car l))) (cons i (list (car l)))]
            [else (loop (cdr l) (- i 1))]))
        (let loop ((l all) (i first))
          (cond
            [(null? l) #f]
            [(f (if key (key (car l)) (car l))) (cons i (list (car l)))]
            [else (loop (cdr l) (+ i 1))])))))

(define (cl:find-if f s key start end from-end)
  (let ((found (cl:locate f s key start end from-end)))
    (if found (cadr found) #f)))

(define (cl:find-if-not f s key start end from-end)
  (cl:find-if (lambda (x) (not (f x))) s key start end from-end))

(define (cl:find item s key test start end from-end test-not)
  (cl:find-if (cl:matcher item key test test-not) s #f start end from-end))

(define (cl:position-if f s key start end from-end)
  (let ((found (cl:locate f s key start end from-end)))
    (if found (car found) #f)))

(define (cl:position-if-not f s key start end from-end)
  (cl:position-if (lambda (x) (not (f x))) s key start end from-end))

(define (cl:position item s key test start end from-end test-not)
  (cl:position-if (cl:matcher item key test test-not) s #f start end from-end))

(define (cl:count-if f s key start end from-end)
  (let loop ((l (%ELEMENTS s start end)) (n 0))
    (if (null? l) n (loop (cdr l) (if (f (if key (key (car l)) (car l))) (+ n 1) n)))))

(define (cl:count-if-not f s key start end from-end)
  (cl:count-if (lambda (x) (not (f x))) s key start end from-end))

(define (cl:count item s key test start end from-end test-not)
  (cl:count-if (cl:matcher item key test test-not) s #f start end from-end))

;; Passes each element between start and end that matches, up to count of them, to change.
(define (cl:edit f s key start end from-end count change)
  (let* ((all (%ELEMENTS s))
         (n (length all))
         (from (if start start 0))
         (to (if end end n))
         (check (%ELEMENTS s start end))
         (all (if from-end (reverse all) all)))
    (let loop ((l all) (i (if from-end (- n 1) 0)) (left (if count count n)) (out '()))
      (cond
        [(null? l) (%LIKE s (if from-end out (reverse out)))]
        [(and (>= i from) (< i to) (> left 0) (f (if key (key (car l)) (car l))))
         (loop (cdr l) (if from-end (- i 1) (+ i 1)) (- left 1) (change (car l) out))]
        [else (loop (cdr l) (if from-end (- i 1) (+ i 1)) left (cons (car l) out))]))))

(define (cl:remove-if f s key start end from-end count)
  (cl:edit f s key start end from-end count (lambda (x out) out)))

(define (cl:remove-if-not f s key start end from-end count)
  (cl:remove-if (lambda (x) (not (f x))) s key start end from-end count))

(define (cl:remove item s key test start end from-end test-not count)
  (cl:remove-if (cl:matcher item key test test-not) s #f start end from-end count))

(define (cl:substitute-if new f s key start end from-end count)
  (cl:edit f s key start end from-end count (lambda (x out) (cons new out))))

(define (cl:substitute new old s key test start end from-end test-not count)
  (cl:substitute-if new (cl:matcher old key test test-not) s #f start end from-end count))

;; As above, in the place of the old elements.
(define (cl:nsubstitute-if new f s key start end from-end count)
  (%REPLACE s (cl:substitute-if new f s key start end from-end count) #f #f #f #f))

(define (cl:nsubstitute new old s key test start end from-end test-not count)
  (cl:nsubstitute-if new (cl:matcher old key test test-not) s #f start end from-end count))

(define (cl:remove-duplicates s key test start end from-end test-not)
  (let ((same (cond [test test] [test-not (lambda (a b) (not (test-not a b)))] [else %EQL]))
        (get (if key key (lambda (x) x))))
    (define (seen? x l)
      (if (null? l) #f (if (same x (get (car l))) #t (seen? x (cdr l)))))
    (define (first-of-each l out)
      (if (null? l)
          (reverse out)
          (first-of-each (cdr l) (if (seen? (get (car l)) out) out (cons (car l) out)))))
    (define (last-of-each l out)
      (if (null? l)
          (reverse out)
          (last-of-each (cdr l) (if (seen? (get (car l)) (cdr l)) out (cons (car l) out)))))
    (let ((kept ((if from-end first-of-each last-of-each) (%ELEMENTS s start end) '())))
      (%LIKE s (append (%ELEMENTS s 0 (if start start 0)) kept (if end (%ELEMENTS s end) '()))))))

(define (cl:search a b test key start1 end1 start2 end2 from-end test-not)
  (let* ((same (cond [test test] [test-not (lambda (x y) (not (test-not x y)))] [else %EQL]))
         (get (lambda (x) (if key (key x) x)))
         (pattern (map get (%ELEMENTS a start1 end1)))
         (text (map get (%ELEMENTS b start2 end2))))
    (define (starts? p t)
      (cond
        [(null? p) #t]
        [(null? t) #f]
        [(same (car p) (car t)) (starts? (cdr p) (cdr t))]
        [else #f]))
    (let loop ((t text) (i (if start2 start2 0)) (found #f))
      (cond
        [(starts? pattern t)
         (if from-end (if (null? t) i (loop (cdr t) (+ i 1) i)) i)]
        [(null? t) found]
        [else (loop (cdr t) (+ i 1) found)]))))

(define (cl:mismatch a b test key start1 end1 start2 end2 from-end test-not)
  (let ((same (cond [test test] [test-not (lambda (x y) (not (test-not x y)))] [else %EQL]))
        (get (lambda (x) (if key (key x) x)))
        (xs (%ELEMENTS a start1 end1))
        (ys (%ELEMENTS b start2 end2))
        (start (if start1 start1 0))
        (step (if from-end - +)))
    (let loop ((x (if from-end (reverse xs) xs))
               (y (if from-end (reverse ys) ys))
               (i (if from-end (+ start (length xs)) start)))
      (cond
        [(and (null? x) (null? y)) #f]
        [(or (null? x) (null? y)) i]
        [(same (get (car x)) (get (car y))) (loop (cdr x) (cdr y) (step i 1))]
        [else i]))))

(define (cl:substitute-if-not new f s . options)
  (apply cl:substitute-if (cons new (cons (cl:complement f) (cons s options)))))

(define (cl:nsubstitute-if-not new f s . options)
  (apply cl:nsubstitute-if (cons new (cons (cl:complement f) (cons s options)))))

(define (cl:make-sequence kind n element)
  (%OF-TYPE kind (%MAKE-LIST n (if element element 0))))
