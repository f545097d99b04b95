package digest

import (
	"fmt"
	"reflect"
	"time"

	"tlsbrief/digest/words"
	"tlsbrief/templates"
)

// CheckTemplates fills the templates in with made-up data of every kind, and with
// none, so that an error that only shows in the filling is found before a digest
// is due. The error names the template and the line.
func CheckTemplates(set *templates.Set) error {
	full := new(words.View)
	fill(reflect.ValueOf(full).Elem())
	for _, v := range []*words.View{full, {}} {
		for _, name := range []string{templates.Subject, templates.Text, templates.HTML} {
			if _, err := set.Render(name, v); err != nil {
				return fmt.Errorf("digest templates: %w", err)
			}
		}
	}
	return nil
}

// fill sets every field to something, lists to two of them.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("sample")
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("a view has a field of kind " + v.Kind().String() + ", which no template can show")
	}
}
