package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"tlsbrief/internal/spelling"
)

// advice says what to do about an unknown key of a table: take the key that was
// meant, move it to where it belongs, or take it out.
func advice(name, path string, known map[string]bool) string {
	names := slices.Sorted(maps.Keys(known))
	switch near := spelling.Nearest(name, names); near {
	case "":
	case "password": // known only to be refused
		return "use password_file, password_env or password_command"
	case "client_secret":
		return "use client_secret_file, client_secret_env or client_secret_command"
	default:
		return "did you mean " + near + "?"
	}
	if homes := homesOf(name); len(homes) > 0 {
		return "it belongs under " + strings.Join(homes, " or ")
	}
	if path == "" {
		return "the tables are " + strings.Join(names, ", ")
	}
	return "take it out; the keys here are " + strings.Join(names, ", ")
}

// homesOf returns the headers of the tables that know a key.
func homesOf(name string) []string {
	var homes []string
	for _, table := range settings(reflect.TypeFor[Config]()) {
		header, t := "["+table.name+"]", table.typ
		if t.Kind() == reflect.Slice {
			header, t = "["+header+"]", t.Elem()
		}
		if t.Kind() == reflect.Struct && slices.ContainsFunc(settings(t), func(s setting) bool { return s.name == name }) {
			homes = append(homes, header)
		}
	}
	return homes
}
