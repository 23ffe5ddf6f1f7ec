#include "base/arena.h"

#include <check.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 5000, 300000 };

START_TEST(test_arena_alloc_when_any_size_then_aligned_and_apart)
{
	struct arena arena;
	unsigned char *blocks[64];
	size_t size = sizes[_i];

	arena_init(&arena);
	for (int i = 0; i < 64; i++) {
		blocks[i] = arena_alloc(&arena, size);
		ck_assert_uint_eq((uintptr_t)blocks[i] % alignof(max_align_t),
				  0);
		memset(blocks[i], i, size);
	}
	for (int i = 0; i < 64 && size > 0; i++) {
		ck_assert_int_eq(blocks[i][0], i);
		ck_assert_int_eq(blocks[i][size - 1], i);
	}
	ck_assert_uint_ge(arena.used_bytes, 64 * size);
	arena_fini(&arena);
	ck_assert_uint_eq(arena.used_bytes, 0);
}
END_TEST

START_TEST(test_arena_zalloc_when_memory_was_used_then_zero)
{
	struct arena arena;
	unsigned char *p;

	arena_init(&arena);
	p = arena_alloc(&arena, 512);
	memset(p, 0xff, 512);
	arena_reset(&arena);
	p = arena_zalloc(&arena, 64, 8);
	for (int i = 0; i < 512; i++)
		ck_assert_int_eq(p[i], 0);
	arena_fini(&arena);
}
END_TEST

START_TEST(test_arena_reset_when_repeated_then_memory_is_reused)
{
	struct arena arena;
	const void *first;

	arena_init(&arena);
	arena_reset(&arena);
	for (int i = 0; i < 100; i++)
		(void)!arena_alloc(&arena, 100);
	arena_reset(&arena);
	ck_assert_uint_eq(arena.used_bytes, 0);
	first = arena_alloc(&arena, 100);
	arena_reset(&arena);
	ck_assert_ptr_eq(arena_alloc(&arena, 100), first);
	arena_fini(&arena);
}
END_TEST

START_TEST(test_arena_copy_when_copied_then_terminated)
{
	struct arena arena;

	arena_init(&arena);
	ck_assert_str_eq(arena_copy(&arena, "toggle", 3), "tog");
	ck_assert_str_eq(arena_copy(&arena, NULL, 0), "");
	arena_fini(&arena);
}
END_TEST

START_TEST(test_mem_when_copied_then_terminated)
{
	char *a = mem_strdup("abc");
	char *b = mem_copy("abc", 2);
	char *c = mem_resize(mem_alloc(0), 0, 8);
	char *d = mem_zalloc(3, 1);

	ck_assert_str_eq(a, "abc");
	ck_assert_str_eq(b, "ab");
	ck_assert_mem_eq(d, "\0\0\0", 3);
	free(a);
	free(b);
	free(c);
	free(d);
}
END_TEST

static void
overflow_arena(void)
{
	struct arena arena;

	arena_init(&arena);
	(void)!arena_zalloc(&arena, SIZE_MAX / 4, 8);
}

static void
overflow_resize(void)
{
	volatile size_t many = SIZE_MAX / 4;

	(void)!mem_resize(NULL, many, 8);
}

static void
overflow_alloc(void)
{
	volatile size_t many = SIZE_MAX - 8;

	(void)!mem_alloc(many);
}

static void (*const overflows[])(void) = {
	overflow_arena,
	overflow_resize,
	overflow_alloc,
};

START_TEST(test_allocation_when_size_overflows_then_process_ends)
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		overflows[_i]();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}
END_TEST

static Suite *
arena_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tcase = tcase_create("arena");

	tcase_add_loop_test(
	    tcase, test_arena_alloc_when_any_size_then_aligned_and_apart, 0,
	    (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_test(tcase, test_arena_zalloc_when_memory_was_used_then_zero);
	tcase_add_test(tcase,
		       test_arena_reset_when_repeated_then_memory_is_reused);
	tcase_add_test(tcase, test_arena_copy_when_copied_then_terminated);
	tcase_add_test(tcase, test_mem_when_copied_then_terminated);
	tcase_add_loop_test(
	    tcase, test_allocation_when_size_overflows_then_process_ends, 0,
	    (int)(sizeof(overflows) / sizeof(overflows[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(arena_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
