package metrics

import "github.com/prometheus/client_golang/prometheus"

// Figure is something that is looked at when somebody asks for metrics.
type Figure struct {
	of   *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) Figure {
	return Figure{prometheus.NewDesc(namespace+"_"+name, help, labels, nil), prometheus.GaugeValue}
}

func total(name, help string, labels ...string) Figure {
	return Figure{prometheus.NewDesc(namespace+"_"+name, help, labels, nil), prometheus.CounterValue}
}

// The figures that there are.
var (
	Hashing      = gauge("password_checks", "Passwords that are being checked, or wait for it.", "state")
	HashRefusals = total("password_checks_refused_total", "Checks of passwords that were refused because too many waited.")

	Writable           = gauge("database_writable", "1 while the last change that was tried could be saved, otherwise 0.")
	Connections        = gauge("database_connections", "Open connections to the database.", "pool", "state")
	ConnectionWaits    = total("database_connection_waits_total", "Times that somebody waited for a connection to the database.", "pool")
	ConnectionWaitTime = total("database_connection_wait_seconds_total", "Time that was spent waiting for one.", "pool")
	DatabaseSize       = gauge("database_size_bytes", "Size of the database, of SQLite with its write-ahead log.")
	ActivityHeadID     = gauge("activity_head_id", "Id of the newest entry of the activity log.")
	ActivityHeadTime   = gauge("activity_head_timestamp_seconds", "When the newest entry of the activity log was written.")
	CertificateEnd     = gauge("certificate_expiry_timestamp_seconds", "When the certificate ends that https is served with.")
	DeliveriesWaiting  = gauge("deliveries_waiting", "Messages that wait to be sent; 100,000 where there are more.", "priority")
	DeliveriesOverdue  = gauge("deliveries_overdue_seconds", "How long the message has been due that has been due longest.")
	DeliveryHolds      = gauge("delivery_holds", "Servers that take no messages at present.", "server")
	JobsRunning        = gauge("jobs_running", "Jobs that have steps left.")
	JobSteps           = gauge("jobs_steps_left", "Steps that these have left.")
	JobsFailing        = gauge("jobs_failing", "Jobs whose present step has failed, and is tried again.")
	JobsAge            = gauge("jobs_oldest_seconds", "Age of the oldest job that has steps left.")
	DirectoryPeople    = gauge("directory_people", "People in memory, whom lists are searched among.")
	DirectoryReading   = gauge("directory_reading", "1 while everybody is read into memory, and searches wait for that.")
	DirectoryLag       = gauge("directory_lag_changes", "Changes of people that are saved and not in memory yet.")
	collectSuccess     = gauge("collect_success", "1 where the figures of this source could be read in time, otherwise 0.", "source")
	collectDuration    = gauge("collect_duration_seconds", "How long that took.", "source")
)
