package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"crypto/sha256"

	"github.com/gofrs/flock"
)

// Locks are files beside the database, held through the operating system: a
// killed process leaves none behind for the next one to trip over.

// lockPatience is how long a command waits for another process to finish with
// a mailbox or the outbox.
const lockPatience = 2 * time.Minute

var errLocked = errors.New("another tlsbrief is at work")

// lock waits for the lock of this name, for a bounded time.
func (a *app) lock(ctx context.Context, dbPath, name, what string) (unlock func(), err error) {
	path := lockPath(dbPath, name)
	l := flock.New(path)
	if ok, err := l.TryLock(); err != nil {
		return nil, lockFault(path, err)
	} else if !ok {
		a.log.Info("waiting for another tlsbrief that is at work on " + what)
		waiting, cancel := context.WithTimeout(ctx, lockPatience)
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
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, lockFault(path, err)
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s (%s is locked); stop that one first", errLocked, what, path)
	}
	return func() { a.unlock(l) }, nil
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
