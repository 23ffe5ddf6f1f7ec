/*
 * The program under test as a process: directory, start, signals, end.
 */
#include "harness.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

struct owned {
	struct owned *next;
	void *p;
	void (*release)(void *p);
};

int64_t
now_ms(void)
{
	struct clock clock = clock_system();

	return clock_mono_ms(&clock);
}

bool
wait_until(bool (*is_true)(void *ctx), void *ctx, int64_t deadline_ms)
{
	int64_t end = now_ms() + deadline_ms;

	while (!is_true(ctx)) {
		if (now_ms() >= end)
			return false;
		poll(NULL, 0, 2);
	}
	return true;
}

void *
toggled_own(struct toggled *t, void *p, void (*release)(void *p))
{
	struct owned *o = mem_alloc(sizeof(*o));

	*o = (struct owned){ t->owned, p, release };
	t->owned = o;
	return p;
}

char *
toggled_text(struct toggled *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
	va_end(args);
	return toggled_own(t, text, free);
}

static int
remove_cb(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Outlives the test's process, which `check` ends with _exit(2) and its whole
 * process group with SIGKILL: when the pipe closes without a word, the test has
 * failed, so show what the program had to say before its directory goes. */
static void
watch(const struct toggled *t, int fd)
{
	char word;
	char piece[4096];
	ssize_t n;
	int log;

	setsid();
	if (read(fd, &word, 1) == 1)
		_exit(0);
	log = open(t->log_path, O_RDONLY | O_CLOEXEC);
	if (log >= 0)
		(void)!write(STDERR_FILENO, "--- log of the program\n", 23);
	while (log >= 0 && (n = read(log, piece, sizeof(piece))) > 0)
		(void)!write(STDERR_FILENO, piece, (size_t)n);
	nftw(t->dir, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

static void
start_janitor(struct toggled *t)
{
	int pipes[2];

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	t->janitor = fork();
	ck_assert_int_ge(t->janitor, 0);
	if (t->janitor == 0) {
		close(pipes[1]);
		watch(t, pipes[0]);
	}
	close(pipes[0]);
	t->janitor_fd = pipes[1];
}

void
toggled_free(struct toggled *t)
{
	if (!t)
		return;
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	if (t->output_fd >= 0)
		close(t->output_fd);
	while (t->owned) {
		struct owned *o = t->owned;

		t->owned = o->next;
		o->release(o->p);
		free(o);
	}
	http_free(t->http);
	nftw(t->dir, remove_cb, 16, FTW_DEPTH | FTW_PHYS);
	(void)!write(t->janitor_fd, "", 1);
	close(t->janitor_fd);
	waitpid(t->janitor, NULL, 0);
	free(t);
}

struct toggled *
toggled_new(void)
{
	struct toggled *t = mem_zalloc(1, sizeof(*t));
	const char *binary = getenv("TOGGLED");
	const char *tmp = getenv("TMPDIR");

	if (!binary)
		binary = "build/release/toggled";
	if (!realpath(binary, t->binary))
		ck_abort_msg("no program to test at %s (set TOGGLED)", binary);
	if (!tmp || strlen(tmp) > sizeof(t->dir) - 20)
		tmp = "/tmp";
	snprintf(t->dir, sizeof(t->dir), "%s/toggled-XXXXXX", tmp);
	ck_assert_msg(mkdtemp(t->dir) != NULL, "mkdtemp %s: %s", t->dir,
		      strerror(errno));
	snprintf(t->database, sizeof(t->database), "%s/toggled.db", t->dir);
	snprintf(t->log_path, sizeof(t->log_path), "%s/stderr", t->dir);
	t->output_fd = -1;
	start_janitor(t);
	return t;
}

/* In the child: never returns. It dies with the test's process, and stays in
 * its process group, which `check` kills as a whole. */
static void
become(const struct toggled *t, char *const *argv, int out, int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(err, 2) < 0 || chdir(t->dir))
		_exit(126);
	execv(t->binary, argv);
	_exit(127);
}

/* argv of a run: program, then both lists. Strings are borrowed; execv(3) does
 * not write to them, its type only predates const. */
static char **
arguments(struct toggled *t, const char *const *first,
	  const char *const *second)
{
	size_t n = 1;
	size_t used = 0;
	char **argv;

	for (size_t i = 0; first[i]; i++)
		n++;
	for (size_t i = 0; second && second[i]; i++)
		n++;
	argv = mem_zalloc(n + 1, sizeof(*argv));
	argv[used++] = toggled_text(t, "toggled");
	for (size_t i = 0; first[i]; i++)
		argv[used++] = toggled_text(t, "%s", first[i]);
	for (size_t i = 0; second && second[i]; i++)
		argv[used++] = toggled_text(t, "%s", second[i]);
	return toggled_own(t, argv, free);
}

static pid_t
spawn(struct toggled *t, const char *const *first, const char *const *second,
      int out, int err)
{
	char **argv = arguments(t, first, second);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become(t, argv, out, err);
	return pid;
}

static int
exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

struct ending {
	pid_t pid;
	int status;
};

static bool
has_ended(void *ctx)
{
	struct ending *e = ctx;

	return waitpid(e->pid, &e->status, WNOHANG) == e->pid;
}

int
toggled_wait(struct toggled *t, int64_t deadline_ms)
{
	struct ending e = { t->pid, 0 };

	ck_assert_msg(t->pid > 0, "the program does not run");
	ck_assert_msg(wait_until(has_ended, &e, deadline_ms),
		      "the program did not end within %lld ms",
		      (long long)deadline_ms);
	t->pid = 0;
	close(t->output_fd);
	t->output_fd = -1;
	return exit_status(e.status);
}

void
toggled_signal(struct toggled *t, int signal)
{
	ck_assert_msg(t->pid > 0, "the program does not run");
	ck_assert_int_eq(kill(t->pid, signal), 0);
}

int
toggled_stop(struct toggled *t, int signal)
{
	toggled_signal(t, signal);
	return toggled_wait(t, DEADLINE_STOP_MS);
}

/* The first line of its stdout into t->ready. */
static void
read_ready(struct toggled *t)
{
	int64_t end = now_ms() + DEADLINE_START_MS;
	size_t used = 0;

	for (;;) {
		struct pollfd p = { .fd = t->output_fd, .events = POLLIN };
		int64_t left = end - now_ms();
		ssize_t n;

		ck_assert_msg(left > 0 && poll(&p, 1, (int)left) > 0,
			      "no ready line within %d ms", DEADLINE_START_MS);
		n = read(t->output_fd, t->ready + used, 1);
		if (n <= 0) {
			ck_abort_msg("the program ended (%d) before it was "
				     "ready",
				     toggled_wait(t, DEADLINE_STOP_MS));
		}
		if (t->ready[used] == '\n')
			break;
		used++;
		ck_assert_uint_lt(used, sizeof(t->ready) - 1);
	}
	t->ready[used] = '\0';
}

static void
find_url(struct toggled *t)
{
	const char *start = strstr(t->ready, "http://");
	const char *colon;
	size_t length;

	t->url[0] = '\0';
	t->port = 0;
	if (!start)
		return;
	length = strcspn(start, ", ");
	ck_assert_uint_lt(length, sizeof(t->url));
	memcpy(t->url, start, length);
	t->url[length] = '\0';
	colon = strrchr(t->url, ':');
	t->port = (int)strtol(colon + 1, NULL, 10);
	ck_assert_int_gt(t->port, 0);
}

static void
start(struct toggled *t, const char *const *first, const char *const *second)
{
	int pipes[2];
	int err;

	ck_assert_msg(t->pid == 0, "the program runs already");
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	err =
	    open(t->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(err, 0);
	t->pid = spawn(t, first, second, pipes[1], err);
	close(pipes[1]);
	close(err);
	t->output_fd = pipes[0];
	read_ready(t);
	find_url(t);
}

void
toggled_start(struct toggled *t, const char *const *args)
{
	const char *const first[] = { "serve",      "--listen",  "127.0.0.1:0",
				      "--database", t->database, NULL };

	start(t, first, args);
}

void
toggled_start_as(struct toggled *t, const char *const *args)
{
	start(t, args, NULL);
}

static char *
read_fd(int fd)
{
	struct bytes b;
	char piece[4096];
	ssize_t n;

	bytes_init(&b);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		bytes_append(&b, piece, (size_t)n);
	return bytes_take(&b);
}

static char *
read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return mem_strdup("");
	text = read_fd(fd);
	close(fd);
	return text;
}

const char *
toggled_log(struct toggled *t)
{
	return toggled_own(t, read_file(t->log_path), free);
}

struct logged {
	struct toggled *t;
	const char *text;
};

static bool
is_logged(void *ctx)
{
	struct logged *l = ctx;
	char *log = read_file(l->t->log_path);
	bool found = strstr(log, l->text) != NULL;

	free(log);
	return found;
}

bool
wait_until_logged(struct toggled *t, const char *text, int64_t deadline_ms)
{
	struct logged l = { t, text };

	return wait_until(is_logged, &l, deadline_ms);
}

const char *
toggled_path(struct toggled *t, const char *name)
{
	return toggled_text(t, "%s/%s", t->dir, name);
}

const char *
toggled_write(struct toggled *t, const char *name, const char *text)
{
	const char *path = toggled_path(t, name);
	FILE *f = fopen(path, "we");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

const char *
toggled_read(struct toggled *t, const char *name)
{
	const char *path = toggled_path(t, name);

	ck_assert_msg(access(path, R_OK) == 0, "%s: %s", path, strerror(errno));
	return toggled_own(t, read_file(path), free);
}

static void
run_free(void *p)
{
	struct run *run = p;

	free(run->out);
	free(run->err);
	free(run);
}

/* Both outputs go to files: no pipe can fill up and hold the program. */
const struct run *
toggled_run(struct toggled *t, const char *const *args)
{
	struct run *run = mem_zalloc(1, sizeof(*run));
	int out = open(t->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int err = open(t->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct ending e = { 0, 0 };

	toggled_own(t, run, run_free);
	ck_assert_int_ge(out, 0);
	ck_assert_int_ge(err, 0);
	e.pid = spawn(t, args, NULL, out, err);
	if (!wait_until(has_ended, &e, DEADLINE_ANSWER_MS)) {
		kill(e.pid, SIGKILL);
		waitpid(e.pid, &e.status, 0);
		ck_abort_msg("toggled %s did not end within %d ms", args[0],
			     DEADLINE_ANSWER_MS);
	}
	run->status = exit_status(e.status);
	lseek(out, 0, SEEK_SET);
	lseek(err, 0, SEEK_SET);
	run->out = read_fd(out);
	run->err = read_fd(err);
	close(out);
	close(err);
	return run;
}
