package api

import (
	"crypto/sha256"
	"errors"

	"github.com/labstack/echo/v4"

	"console/handlers"
	"console/internal/account"
)

// object is an operation's address: whom or what it is about.
type object struct {
	ID int64 `path:"id" json:"-"`
}

// change is an operation on something that has a version.
type change struct {
	object
	IfMatch string `header:"If-Match" json:"-" required:"true" description:"The ETag of what was read; another one answers 412."`
}

// changes is the version that the change goes by.
func (in change) changes() int64 { return positive(in.IfMatch) }

// confirmed is what an operation is told that a preview was made of before.
type confirmed struct {
	Confirm string `query:"confirm" json:"-" description:"The digest of a preview. Where the outcome would be another by now, nothing is done and 409 is answered. Without it the change is made as it is."`
}

// confirming is who asks, with the preview that they have seen.
func (in confirmed) confirming(c handlers.Request) account.Actor {
	by := c.Actor()
	by.Confirms = in.Confirm
	return by
}

// end deletes something, or does to it what a preview tells of.
type end struct {
	object
	confirmed
}

// maxIdempotencyKey is how long an idempotency key may be.
const maxIdempotencyKey = 255

// keyFingerprint is under what a request that may be repeated keeps what it is told by.
const keyFingerprint = "fingerprint"

// readIdempotencyKey reads the key of a request that makes something, and of which body it is one.
func readIdempotencyKey(c echo.Context, body []byte) error {
	key := c.Request().Header.Get(headerIdempotency)
	if len(key) > maxIdempotencyKey {
		return unreadable("The header Idempotency-Key has more than 255 characters.")
	}
	sum := sha256.New()
	sum.Write([]byte(c.Request().URL.RequestURI() + "\n"))
	sum.Write(body)
	c.Set(keyFingerprint, sum.Sum(nil))
	return nil
}

// creating is who makes something of a kind, with what tells the request from the same one sent again.
func creating(c handlers.Request, kind string) account.Actor {
	by := c.Actor()
	fingerprint, _ := c.Get(keyFingerprint).([]byte)
	by.Once = account.Once{Key: c.Request().Header.Get(headerIdempotency), Fingerprint: fingerprint, Makes: kind}
	return by
}

// doneBefore says that nothing was made now because the same request made it before, and which object that was. The answer says so too.
func doneBefore(c handlers.Request, err error) (id int64, before bool) {
	done, is := errors.AsType[*account.DoneBefore](err)
	if !is {
		return 0, false
	}
	c.Response().Header().Set("Idempotency-Replayed", "true")
	return done.ObjectID, true
}

// pageOf is a page of rows as the API answers it.
func pageOf[Row, Item any](rows []Row, item func(Row) Item, next string) page[Item] {
	items := make([]Item, len(rows))
	for i, row := range rows {
		items[i] = item(row)
	}
	return page[Item]{Items: items, Next: next}
}
