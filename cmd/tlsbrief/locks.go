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

// Locks are files beside the database, held through the operating system, so that they
// end with a killed process.

// lockTimeout is how long a command waits for another process to finish with
// a mailbox or the outbox.
const lockTimeout = 2 * time.Minute

var errLocked = errors.New("another tlsbrief is at work")

// lock takes the lock of this name, and waits for it up to lockTimeout.
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

// tryLock takes the lock of this name, or returns errLocked at once.
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

// newLock returns the lock on a file, which taking it creates. It does not follow a
// symbolic link, whose owner would choose the file to create.
func newLock(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|fileperm.NoFollow))
}

// tryLock takes a lock; ok is false if another process holds it.
func tryLock(l *flock.Flock) (ok bool, err error) {
	if !isLink(l.Path()) {
		ok, err = l.TryLock()
	}
	if isLink(l.Path()) { // also one that was made meanwhile
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

// lockPath returns the path of a lock's file. It has a hash for a name, since the name
// of a mailbox may hold what a file name may not.
func lockPath(dbPath, name string) string {
	sum := sha256.Sum256([]byte(name))
	return dbPath + "." + hex.EncodeToString(sum[:6]) + ".lock"
}

// pollLock is the lock that is held while mailboxes are polled. Other processes learn
// from it that a poll is running, and from its file's time since when.
const pollLock = "poll"

// beginPoll takes the pollLock and sets its time. If another process is polling as well,
// the lock stays that one's. A failure is logged and does not keep the poll from running.
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

// pollingSince returns since when a poll has been running; zero if none is.
func pollingSince(dbPath string) time.Time {
	path := lockPath(dbPath, pollLock)
	l := flock.New(path, flock.SetFlag(os.O_RDONLY|fileperm.NoFollow)) // without os.O_CREATE
	ok, err := l.TryRLock()
	if err != nil {
		return time.Time{}
	}
	if ok {
		_ = l.Unlock() // it was shared, and held for a moment
		return time.Time{}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
