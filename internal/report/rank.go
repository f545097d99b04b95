package report

// Rank orders authentications of copies of one report: the highest counts. Unknown
// is lowest, since it is no answer.
func (a AuthResult) Rank() int {
	switch a {
	case AuthPass:
		return 4
	case AuthUnchecked:
		return 3
	case AuthFail:
		return 2
	case AuthNone:
		return 1
	}
	return 0
}
