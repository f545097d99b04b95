package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"tlsbrief/internal/fileperm"
)

// Locks are files beside the database, held through the operating system: a
// killed process leaves none behind for the next one to trip over.

// lockTimeout is how long a command waits for another process to finish with
// a mailbox or the outbox.
const lockTimeout = 2 * time.Minute

var errLocked = errors.New("another tlsbrief is at work")

// lock waits for the lock of this name, for a bounded time.
func (a *app) lock(ctx context.Context, dbPath, name, what string) (unlock func(), err error) {
	path := lockPath(dbPath, name)
	l := newLock(path)
	if ok, err := tryLock(l); err != nil {
		return nil, err
	} else if !ok {
		a.log.Info("waiting for another tlsbrief that is at work on " + what)
		waiting, cancel := context.WithTimeout(ctx, lockTimeout)
		defer cancel()
		ok, err := l.TryLockContext(waiting, 50*time.Millisecond)
		if ctx.Err() != nil && !ok {
			return nil, fmt.Errorf("waiting for another tlsbrief that is at work on %s: %w", what, ctx.Err())
		}
		if err != nil || !ok {
			return nil, fmt.Errorf("%w on %s (%s is locked): wait until it is done, or stop it", errLocked, what, path)
		}
	}
	return func() { a.unlock(l) }, nil
}

// tryLock takes the lock of this name, or fails at once.
func (a *app) tryLock(dbPath, name, what string) (unlock func(), err error) {
	path := lockPath(dbPath, name)
	l := newLock(path)
	ok, err := tryLock(l)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s (%s is locked); stop that one first", errLocked, what, path)
	}
	return func() { a.unlock(l) }, nil
}

// newLock returns the lock on a file, which is made where there is none. A symbolic
// link is not followed: whoever laid it would decide which file is made.
func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|fileperm.NoFollow))
}

// tryLock takes a lock; ok is false where another holds it.
func tryLock(l *flock.Flock) (ok bool, err error) {
	if !isLink(l.Path()) {
		ok, err = l.TryLock()
	}
	if isLink(l.Path()) { // also where it came in between
		return false, errors.Join(fmt.Errorf("locking %s: it is a symbolic link, which tlsbrief never makes; remove it", l.Path()), l.Unlock())
	}
	if err != nil {
		return false, lockFault(l.Path(), err)
	}
	return ok, nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func lockFault(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("locking %s: %w (it belongs to whoever ran tlsbrief before: run it as that user, or give this one the files)", path, err)
	}
	return fmt.Errorf("locking %s: %w", path, err)
}

func (a *app) unlock(l *flock.Flock) {
	if err := l.Unlock(); err != nil {
		a.log.Error("unlocking", "path", l.Path(), "err", err)
	}
}

// lockPath names a lock's file. A mailbox's name is the user's own and may hold
// what a file name may not.
func lockPath(dbPath, name string) string {
	sum := sha256.Sum256([]byte(name))
	return dbPath + "." + hex.EncodeToString(sum[:6]) + ".lock"
}

// pollLock names the lock that is held while mailboxes are polled. Other processes
// learn from it that a poll runs, and from the time of its file since when: a killed
// poll holds none.
const pollLock = "poll"

// beginPoll notes that a poll begins now. Where another process is polling as well,
// that one is told of. That it cannot be noted is no reason not to poll.
func (a *app) beginPoll(dbPath string) (end func()) {
	path := lockPath(dbPath, pollLock)
	l := newLock(path)
	ok, err := tryLock(l)
	if ok {
		now := time.Now()
		if err = os.Chtimes(path, now, now); err == nil {
			return func() { a.unlock(l) }
		}
		a.unlock(l)
	}
	if err != nil {
		a.log.Warn("status cannot tell since when this poll runs", "err", err)
	}
	return func() {}
}

// pollingSince returns since when a poll has been running; zero where none is.
func pollingSince(dbPath string) time.Time {
	path := lockPath(dbPath, pollLock)
	l := flock.New(path, flock.SetFlag(os.O_RDONLY|fileperm.NoFollow)) // to look makes no file
	ok, err := l.TryRLock()
	if err != nil {
		return time.Time{}
	}
	if ok {
		_ = l.Unlock() // a shared lock of a moment
		return time.Time{}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
