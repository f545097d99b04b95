package config

import (
	"reflect"
	"sort"
	"strings"
)

// advice says what to do about an unknown key of a table: take the key that was
// meant, move it to where it belongs, or take it out.
func advice(name, path string, known map[string]bool) string {
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	switch near := nearest(name, names); near {
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
	sort.Strings(names)
	if path == "" {
		return "the tables are " + strings.Join(names, ", ")
	}
	return "take it out; the keys here are " + strings.Join(names, ", ")
}

// homesOf gives the headers of the tables that know a key.
func homesOf(name string) []string {
	var homes []string
	top := reflect.TypeFor[file]()
	for i := range top.NumField() {
		table := top.Field(i)
		header, t := "["+table.Tag.Get("toml")+"]", table.Type
		if t.Kind() == reflect.Slice {
			header, t = "["+header+"]", t.Elem()
		}
		for _, f := range reflect.VisibleFields(t) {
			if f.Tag.Get("toml") == name {
				homes = append(homes, header)
			}
		}
	}
	return homes
}

// nearest gives the word that was probably meant, or nothing: one that begins
// with what was written, or differs from it in few letters.
func nearest(word string, among []string) string {
	sort.Strings(among)
	word = strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	if len(word) > 40 {
		return ""
	}
	best, fewest := "", len(word)/3+1
	for _, w := range among {
		if n := distance(word, w); n < fewest || n == fewest && best == "" && n < len(w) {
			best, fewest = w, n
		}
	}
	if best != "" {
		return best
	}
	for _, w := range among {
		if len(word) > 2 && (strings.HasPrefix(w, word) || strings.HasPrefix(word, w)) {
			return w
		}
	}
	return ""
}

// distance counts the letters to add, drop or change to make one word of the
// other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
