package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"console/internal/permission"
	"console/store"
	"console/store/storetest"
)

// Methods that the test of both engines does not call: they run others, end the database, are about its file and its connections, or ask
// for what is not in it.
var notCompared = []string{"Close", "Update", "View", "Load", "Ready", "Writable", "TellCommitted", "TellUnwritable", "TellWrites", "Time",
	"Version", "Size", "Pools", "SetPatience", "Writing"}

var errTakenBack = errors.New("taken back")

// Every exported method that reads or writes is called on both engines, with both values of each flag in what it is given, and answers the
// same: what it has read, or which kind of error there was. Methods are found by reflection, so that none is forgotten.
func TestPG02_EveryStatementRunsOnBothEngines(t *testing.T) {
	onPostgres(t)
	path, place := filepath.Join(t.TempDir(), "console.db"), storetest.Bare(t, "")
	file := openAt(t, path)
	known := []reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(store.TabAll), reflect.ValueOf(store.SortName),
		reflect.ValueOf(permission.UsersView), reflect.ValueOf(fillForBoth(t, file)), reflect.ValueOf(store.SealedColumns()[0]),
		reflect.ValueOf(store.SealedValue{SealedColumn: store.SealedColumns()[0], ID: 1, Sealed: []byte("x")})}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Copy(t.Context(), path, place, func(store.CopyStep) {}); err != nil {
		t.Fatal(err)
	}
	engines := [2]*store.DB{openAt(t, path), openAt(t, place)}
	inside, outside := reflect.TypeFor[*store.Tx](), reflect.TypeFor[*store.DB]()
	called := 0
	for i := range inside.NumMethod() {
		method := inside.Method(i)
		_, isRead := outside.MethodByName(method.Name)
		called += sameAnswers(t, method, known, func(e int, a samples) string { return answerInside(t, engines[e], method, a, isRead) })
	}
	for i := range outside.NumMethod() {
		method := outside.Method(i)
		if _, isInside := inside.MethodByName(method.Name); !isInside {
			called += sameAnswers(t, method, known, func(e int, a samples) string {
				return a.answer(t, reflect.ValueOf(engines[e]), method, true)
			})
		}
	}
	t.Log(called, "calls")
}

// fillForBoth stores a few people and a group that gives a permission.
func fillForBoth(t *testing.T, db *store.DB) (giving store.Giving) {
	t.Helper()
	people := addPeople(t, db, person(1), person(2), person(3))
	update(t, db, func(ctx context.Context, tx *store.Tx) error {
		group := store.Group{Name: "Readers", Role: permission.ReadOnly, AllTenants: true}
		if err := errors.Join(tx.InsertGroup(ctx, &group), tx.SaveSealedConstant(ctx, []byte("x"))); err != nil {
			return err
		}
		_, err := tx.AddMember(ctx, group.ID, people[0].ID)
		return err
	})
	giving, err := db.GroupsGiving(t.Context(), permission.UsersView, 1)
	if err != nil || giving.Groups != 1 {
		t.Fatalf("%+v %v", giving, err)
	}
	return giving
}

// sameAnswers fails the test where the engines answer a method otherwise, and returns how often it was called.
func sameAnswers(t *testing.T, method reflect.Method, known []reflect.Value, ask func(engine int, a samples) string) (calls int) {
	t.Helper()
	if slices.Contains(notCompared, method.Name) || takesTest(method.Type) {
		return 0
	}
	for _, flag := range []bool{false, true} {
		a := samples{known, flag}
		file, server := ask(0, a), ask(1, a)
		if file != server || strings.HasPrefix(file, "panics") {
			t.Errorf("%s, with flags %t, answers\n%s\n%s", method.Name, flag, file, server)
		}
		calls++
	}
	return calls
}

func takesTest(method reflect.Type) bool {
	for i := range method.NumIn() {
		if method.In(i) == reflect.TypeFor[*testing.T]() {
			return true
		}
	}
	return false
}

// answerInside is the answer of a method in a transaction that is taken back. What was read is part of it; new ids are not.
func answerInside(t *testing.T, db *store.DB, method reflect.Method, a samples, isRead bool) (answer string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		answer = a.answer(t, reflect.ValueOf(tx), method, isRead)
		return errTakenBack
	})
	if !errors.Is(err, errTakenBack) {
		t.Errorf("%s: %v", method.Name, err)
	}
	return answer
}

// answer calls a method.
func (a samples) answer(t *testing.T, on reflect.Value, method reflect.Method, withResults bool) (answer string) {
	t.Helper()
	defer func() {
		if fault := recover(); fault != nil {
			answer = fmt.Sprint("panics: ", fault)
		}
	}()
	given := []reflect.Value{on}
	for i := 1; i < method.Type.NumIn(); i++ {
		given = append(given, a.of(t, method.Type.In(i)))
	}
	call := method.Func.Call
	if method.Type.IsVariadic() {
		call = method.Func.CallSlice
	}
	for _, result := range call(given) {
		if result.Type() == reflect.TypeFor[error]() {
			err, _ := result.Interface().(error)
			answer += kindOf(err)
		} else if withResults {
			answer += fmt.Sprintf("%+v ", result.Interface())
		}
	}
	return answer
}

// kindOf is what callers tell errors apart by.
func kindOf(err error) string {
	for _, known := range []error{store.ErrNotFound, store.ErrDuplicate, store.ErrStale, store.ErrUnavailable} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return "refused"
	}
	return "done"
}

// samples are what methods are given.
type samples struct {
	known []reflect.Value // which a number or a text cannot stand for
	flag  bool
}

// of is a value of a type: numbers are 1, texts the name of a role, and all flags are the same.
func (a samples) of(t *testing.T, wanted reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(wanted).Elem()
	for _, known := range a.known {
		if known.Type().AssignableTo(wanted) && wanted != reflect.TypeFor[any]() {
			return known
		}
	}
	switch wanted.Kind() {
	case reflect.Bool:
		v.SetBool(a.flag)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.String:
		v.SetString(string(permission.Analyst))
	case reflect.Pointer:
		v.Set(reflect.New(wanted.Elem()))
		v.Elem().Set(a.of(t, wanted.Elem()))
	case reflect.Slice:
		v.Set(reflect.Append(v, a.of(t, wanted.Elem())))
	case reflect.Map:
		v.Set(reflect.MakeMap(wanted))
		v.SetMapIndex(a.of(t, wanted.Key()), a.of(t, wanted.Elem()))
	case reflect.Struct:
		for i := range wanted.NumField() {
			if wanted.Field(i).IsExported() {
				v.Field(i).Set(a.of(t, wanted.Field(i).Type))
			}
		}
	case reflect.Func:
		return reflect.MakeFunc(wanted, func([]reflect.Value) (results []reflect.Value) {
			for i := range wanted.NumOut() {
				results = append(results, reflect.Zero(wanted.Out(i)))
			}
			return results
		})
	case reflect.Uint8:
		v.SetUint('1')
	case reflect.Interface:
		return v // nothing
	default:
		t.Fatal("no value is known for ", wanted)
	}
	return v
}
