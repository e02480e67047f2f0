BEGIN TRANSACTION;
CREATE TABLE expkit_annotations (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run BIGINT NOT NULL, 
	time DATETIME, 
	action TEXT, 
	author TEXT, 
	value JSON, 
	text TEXT NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	UNIQUE (token)
);
INSERT INTO "expkit_annotations" VALUES(1,1,'2026-03-01 12:00:00.250000','note','somebody','"why"','{"action": "note", "value": "why", "author": "somebody", "time": "2026-03-01T12:00:00.250000+00:00"}','6071b4a6df8b4c3d9b50ef5500a4f484');
INSERT INTO "expkit_annotations" VALUES(2,2,'2026-03-01 12:00:00.250000','note','somebody','"why"','{"action": "note", "value": "why", "author": "somebody", "time": "2026-03-01T12:00:00.250000+00:00"}','95eae629f21d4dcc9a599dcea45fd49e');
CREATE TABLE expkit_blobs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sha256 VARCHAR(64), 
	size BIGINT NOT NULL, 
	time DATETIME NOT NULL, 
	UNIQUE (sha256)
);
INSERT INTO "expkit_blobs" VALUES(1,'9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c',7,'2026-11-21 18:56:39.390655');
CREATE TABLE expkit_changes (
	number BIGINT NOT NULL, 
	uid VARCHAR(32) NOT NULL, 
	what VARCHAR(20) NOT NULL, 
	time DATETIME NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "expkit_changes" VALUES(1,'00000000000000000000000000000001','created','2026-11-21 18:56:39.410831');
INSERT INTO "expkit_changes" VALUES(2,'00000000000000000000000000000001','annotated','2026-11-21 18:56:39.423776');
INSERT INTO "expkit_changes" VALUES(3,'00000000000000000000000000000001','saved','2026-11-21 18:56:39.426283');
INSERT INTO "expkit_changes" VALUES(4,'00000000000000000000000000000002','created','2026-11-21 18:56:39.431333');
INSERT INTO "expkit_changes" VALUES(5,'00000000000000000000000000000002','annotated','2026-11-21 18:56:39.441625');
INSERT INTO "expkit_changes" VALUES(6,'00000000000000000000000000000002','saved','2026-11-21 18:56:39.446585');
CREATE TABLE expkit_files (
	run BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	role VARCHAR(20), 
	path TEXT, 
	size BIGINT, 
	sha256 VARCHAR(64), 
	PRIMARY KEY (run, position)
);
INSERT INTO "expkit_files" VALUES(1,0,'artifact','w.bin',7,'9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c');
INSERT INTO "expkit_files" VALUES(2,0,'artifact','w.bin',7,'9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c');
CREATE TABLE expkit_leases (
	run BIGINT NOT NULL, 
	renewed DATETIME, 
	host TEXT, 
	pid BIGINT, 
	text TEXT NOT NULL, 
	PRIMARY KEY (run)
);
INSERT INTO "expkit_leases" VALUES(1,'2026-11-21 18:56:39.410831','elsewhere',1,'{"host": "elsewhere", "boot": "b00t", "pid_namespace": "4026531836", "pid": 1, "process_start": 123.5, "interval": 3600.0, "renewed": "2026-11-21T18:56:39.410831+00:00"}');
INSERT INTO "expkit_leases" VALUES(2,'2026-11-21 18:56:39.431333','elsewhere',1,'{"host": "elsewhere", "boot": "b00t", "pid_namespace": "4026531836", "pid": 1, "process_start": 123.5, "interval": 3600.0, "renewed": "2026-11-21T18:56:39.431333+00:00"}');
CREATE TABLE expkit_metrics (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run BIGINT NOT NULL, 
	stream BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	tags JSON, 
	kind TEXT, 
	exact TEXT NOT NULL
);
INSERT INTO "expkit_metrics" VALUES(1,1,1,'loss',NULL,'scalar','["loss", [], "scalar"]');
INSERT INTO "expkit_metrics" VALUES(2,2,3,'loss',NULL,'scalar','["loss", [], "scalar"]');
CREATE TABLE expkit_output (
	stream BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	text TEXT, 
	data BLOB, 
	PRIMARY KEY (stream, position)
);
INSERT INTO "expkit_output" VALUES(2,0,'hello
',NULL);
INSERT INTO "expkit_output" VALUES(4,0,'hello
',NULL);
CREATE TABLE expkit_pieces (
	blob BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (blob, position)
);
INSERT INTO "expkit_pieces" VALUES(1,0,X'77656967687473');
CREATE TABLE expkit_points (
	metric BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	step BIGINT, 
	value DOUBLE, 
	time DOUBLE, 
	exact TEXT, 
	PRIMARY KEY (metric, position)
)
 WITHOUT ROWID

;
INSERT INTO "expkit_points" VALUES(1,0,0,1.0,1772366400.25,NULL);
INSERT INTO "expkit_points" VALUES(1,1,1,0.5,1772366401.25,NULL);
INSERT INTO "expkit_points" VALUES(1,2,2,0.25,1772366402.25,NULL);
INSERT INTO "expkit_points" VALUES(2,0,0,1.0,1772366400.25,NULL);
INSERT INTO "expkit_points" VALUES(2,1,1,0.5,1772366401.25,NULL);
INSERT INTO "expkit_points" VALUES(2,2,2,0.25,1772366402.25,NULL);
CREATE TABLE expkit_records (
	run BIGINT NOT NULL, 
	part VARCHAR(20) NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (run, part)
);
INSERT INTO "expkit_records" VALUES(1,'files','{"files": [{"path": "w.bin", "role": "artifact", "sha256": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c", "size": 7}]}');
INSERT INTO "expkit_records" VALUES(1,'info','{"info": {"epoch": 1}}');
INSERT INTO "expkit_records" VALUES(1,'result','{"result": {"acc": 0.5}}');
INSERT INTO "expkit_records" VALUES(1,'progress','{"status": "COMPLETED", "start_time": "2026-03-01T12:00:00.250000+00:00", "stop_time": null, "heartbeat": "2026-03-01T12:00:10.250000+00:00", "segment": 0, "ranks": 1, "fail_trace": [], "cause": "", "gaps": ["no repository"], "unseen": []}');
INSERT INTO "expkit_records" VALUES(1,'rest','{"format": 1, "uid": "00000000000000000000000000000001", "name": "sample", "command": "main", "parent": null, "seed": 7, "experiment": {"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"}, "host": {"hostname": "here", "gpus": null}, "meta": {"tags": ["first"], "options": {"--loglevel": null}}, "config": {"lr": 0.1, "layers": [{"units": 64}], "seed": 7}, "queue_time": "2026-03-01T11:00:00.250000+00:00", "facts": {"hash": "abababababababababababababababababababababababababababababababab", "modified": ["lr"], "typechanged": {"lr": ["int", "float"]}, "docs": {"lr": "rate"}}, "launch": {"script": "train.py", "argv": ["with", "lr=0.1"], "env": {"OMP_NUM_THREADS": "1"}}}');
INSERT INTO "expkit_records" VALUES(2,'files','{"files": [{"path": "w.bin", "role": "artifact", "sha256": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c", "size": 7}]}');
INSERT INTO "expkit_records" VALUES(2,'info','{"info": {"epoch": 1}}');
INSERT INTO "expkit_records" VALUES(2,'result','{"result": {"acc": 1.5}}');
INSERT INTO "expkit_records" VALUES(2,'progress','{"status": "COMPLETED", "start_time": "2026-03-01T12:00:00.250000+00:00", "stop_time": null, "heartbeat": "2026-03-01T12:00:10.250000+00:00", "segment": 0, "ranks": 1, "fail_trace": [], "cause": "", "gaps": ["no repository"], "unseen": []}');
INSERT INTO "expkit_records" VALUES(2,'rest','{"format": 1, "uid": "00000000000000000000000000000002", "name": "sample", "command": "main", "parent": "00000000000000000000000000000001", "seed": 8, "experiment": {"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"}, "host": {"hostname": "here", "gpus": null}, "meta": {"tags": ["first"], "options": {"--loglevel": null}}, "config": {"lr": 0.1, "layers": [{"units": 64}], "seed": 7}, "queue_time": "2026-03-01T11:00:00.250000+00:00", "facts": {"hash": "abababababababababababababababababababababababababababababababab", "modified": ["lr"], "typechanged": {"lr": ["int", "float"]}, "docs": {"lr": "rate"}}, "launch": {"script": "train.py", "argv": ["with", "lr=0.1"], "env": {"OMP_NUM_THREADS": "1"}}}');
CREATE TABLE expkit_runs (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uid VARCHAR(32) NOT NULL, 
	id VARCHAR(200) NOT NULL, 
	name TEXT, 
	command TEXT, 
	status TEXT, 
	queue_time DATETIME, 
	start_time DATETIME, 
	heartbeat DATETIME, 
	stop_time DATETIME, 
	config JSON, 
	result JSON, 
	info JSON, 
	meta JSON, 
	experiment JSON, 
	host JSON, 
	cause TEXT, 
	fail_trace TEXT, 
	segment INTEGER NOT NULL, 
	version BIGINT NOT NULL, 
	setter VARCHAR(32), 
	UNIQUE (uid), 
	UNIQUE (id)
);
INSERT INTO "expkit_runs" VALUES(1,'00000000000000000000000000000001','1','sample','main','COMPLETED','2026-03-01 11:00:00.250000','2026-03-01 12:00:00.250000','2026-03-01 12:00:10.250000',NULL,'{"lr": 0.1, "layers": [{"units": 64}], "seed": 7}','{"acc": 0.5}','{"epoch": 1}','{"tags": ["first"], "options": {"--loglevel": null}}','{"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"}','{"hostname": "here", "gpus": null}','','',0,1,NULL);
INSERT INTO "expkit_runs" VALUES(2,'00000000000000000000000000000002','2','sample','main','COMPLETED','2026-03-01 11:00:00.250000','2026-03-01 12:00:00.250000','2026-03-01 12:00:10.250000',NULL,'{"lr": 0.1, "layers": [{"units": 64}], "seed": 7}','{"acc": 1.5}','{"epoch": 1}','{"tags": ["first"], "options": {"--loglevel": null}}','{"name": "sample", "dependencies": ["numpy==1.26"], "mainfile": "train.py"}','{"hostname": "here", "gpus": null}','','',0,1,NULL);
CREATE TABLE expkit_store (
	version INTEGER NOT NULL, 
	last_id BIGINT NOT NULL, 
	last_change BIGINT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "expkit_store" VALUES(1,2,6);
CREATE TABLE expkit_streams (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run BIGINT NOT NULL, 
	content VARCHAR(20) NOT NULL, 
	segment INTEGER NOT NULL, 
	process INTEGER NOT NULL, 
	size BIGINT NOT NULL
);
INSERT INTO "expkit_streams" VALUES(1,1,'points',0,0,3);
INSERT INTO "expkit_streams" VALUES(2,1,'output',0,0,6);
INSERT INTO "expkit_streams" VALUES(3,2,'points',0,0,3);
INSERT INTO "expkit_streams" VALUES(4,2,'output',0,0,6);
CREATE UNIQUE INDEX expkit_streams_of_run ON expkit_streams (run, content, segment, process);
CREATE INDEX expkit_metrics_of_run ON expkit_metrics (run);
CREATE INDEX expkit_metrics_of_stream ON expkit_metrics (stream);
CREATE INDEX expkit_annotations_of_run ON expkit_annotations (run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('expkit_blobs',1);
INSERT INTO "sqlite_sequence" VALUES('expkit_runs',2);
INSERT INTO "sqlite_sequence" VALUES('expkit_streams',4);
INSERT INTO "sqlite_sequence" VALUES('expkit_metrics',2);
INSERT INTO "sqlite_sequence" VALUES('expkit_annotations',2);
COMMIT;
