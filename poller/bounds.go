package poller

// Bounds are how much is asked for, held and recorded together. They trade round trips
// and transactions for memory, and no result depends on them. A field that is 0 has its
// default.
type Bounds struct {
	Range          int   // UIDs that one search lists; 20,000
	FirstHeaders   int   // messages whose headers the first batch asks for, so that something is recorded soon; 500
	Headers        int   // messages whose headers a later batch asks for, for the sake of slow links; 5,000
	PartHeaders    int   // messages whose part headers are asked for together; 250
	BatchMessages  int   // messages whose bodies are asked for together; 1,500
	BatchBytes     int64 // bytes of their bodies, if none is larger; 3 MiB
	BodyBytes      int64 // bytes of bodies that are held at a time, if none is larger; 6 MiB
	RecordMessages int   // messages in one transaction; 400
	HeldBytes      int64 // bytes of unpacked reports that wait to be recorded together; 4 MiB
}

func (b Bounds) orDefaults() Bounds {
	return Bounds{
		Range:          orDefault(b.Range, 20000),
		FirstHeaders:   orDefault(b.FirstHeaders, 500),
		Headers:        orDefault(b.Headers, 5000),
		PartHeaders:    orDefault(b.PartHeaders, 250),
		BatchMessages:  orDefault(b.BatchMessages, 1500),
		BatchBytes:     orDefault(b.BatchBytes, 3<<20),
		BodyBytes:      orDefault(b.BodyBytes, 6<<20),
		RecordMessages: orDefault(b.RecordMessages, 400),
		HeldBytes:      orDefault(b.HeldBytes, 4<<20),
	}
}

func orDefault[T int | int64](n, fallback T) T {
	if n <= 0 {
		return fallback
	}
	return n
}
