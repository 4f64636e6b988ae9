"""What a surveyor's tablet says, in every language at once, without a network."""

from survey_app.i18n import _
from survey_app.web.spoken import asking, in_every_language


def texts() -> dict[str, dict[str, str]]:
    """Every text by language and key."""
    return in_every_language(
        lambda: asking() | _door() | _lists() | _outcomes() | _before() | _interview() | _tablet()
    )


def _door() -> dict[str, str]:
    return {
        "enrol_title": _("Đăng ký máy tính bảng"),
        "enrol_lead": _(
            "Người quản trị đã cấp một mã dùng một lần cho máy này. Sau lần đăng ký này, máy làm "
            "việc được cả khi không có mạng."
        ),
        "enrol_code": _("Mã đăng ký gồm 8 ký tự, do người quản trị cấp"),
        "enrol_button": _("Đăng ký máy này"),
        "enrol_offline": _("Chưa đăng ký được vì không có mạng. Xin thử lại khi có mạng."),
        "pin_choose": _("Chọn mã PIN của Anh/Chị"),
        "pin_lead": _(
            "Mã PIN khóa các phiếu đang làm dở. Không ai đặt lại được mã này: quên mã thì mất "
            "phiếu dở. Phiếu đã nộp không cần mã PIN và không bao giờ mất theo."
        ),
        "pin_weak": _(
            "Mã ngắn chỉ ngăn được người tò mò: ai lấy được máy và có công cụ vẫn có thể thử hết "
            "các mã ngắn. Nên dùng từ 8 chữ số."
        ),
        "pin_new": _("Mã PIN mới, ít nhất 6 chữ số"),
        "pin_again": _("Nhập lại mã PIN"),
        "pin_keep": _("Dùng mã PIN này"),
        "pin_short": _("Mã PIN chỉ gồm chữ số và có ít nhất {n} chữ số."),
        "pin_differs": _("Hai lần nhập chưa giống nhau. Xin nhập lại."),
        "unlock_title": _("Mở khóa"),
        "pin": _("Mã PIN"),
        "unlock_button": _("Mở khóa"),
        "pin_wrong": _("Mã PIN chưa đúng. Xin nhập lại."),
        "forgotten": _("Quên mã PIN"),
        "forgotten_title": _("Quên mã PIN?"),
        "forgotten_stays": _(
            "Phiếu đã nộp vẫn nằm an toàn trên máy và vẫn được gửi: còn {n} phiếu chờ gửi."
        ),
        "forgotten_lost": _(
            "Phiếu đang làm dở: {n}. Không có mã PIN thì không ai đọc được các phiếu này nữa; chọn "
            "mã mới là bỏ chúng."
        ),
        "forgotten_none": _("Không có phiếu nào đang làm dở, nên không mất gì."),
        "forgotten_yes": _("Bỏ {n} phiếu dở và chọn mã mới"),
        "elsewhere_title": _("Ứng dụng đang mở ở một thẻ khác"),
        "elsewhere_lead": _(
            "Để không phiếu nào bị ghi đè, chỉ một thẻ được làm việc với phiếu dở. Xin quay lại "
            "thẻ kia, hoặc đóng thẻ kia: thẻ này sẽ tự mở. Ở đây vẫn gửi được phiếu."
        ),
        "locks_soon": _("Máy sẽ tự khóa sau {n} giây. Chạm vào màn hình để làm tiếp."),
    }


def _lists() -> dict[str, str]:
    return {
        "lock": _("Khóa máy"),
        "home_title": _("Việc của Anh/Chị"),
        "areas": _("Địa bàn"),
        "no_areas": _("Máy này chưa được phân công địa bàn nào."),
        "area_note": _("Xong {done} / {quota} · chưa làm {todo} · hẹn {pending}"),
        "drafts": _("Phiếu đang làm dở"),
        "appointments": _("Hẹn và phiếu đã phát"),
        "outbox": _("Hộp gửi"),
        "outbox_open": _("Xem hộp gửi"),
        "tablet": _("Máy này"),
        "tablet_open": _("Xem máy này"),
        "household": _("Hộ {n}"),
        "main_list": _("Hộ chính"),
        "spare_list": _("Hộ dự phòng"),
        "spare_rule": _(
            "Chỉ mở, theo đúng thứ tự, khi một hộ chính có kết quả cuối mà không phỏng vấn được. "
            "Lý do thay là kết quả của hộ chính."
        ),
        "locked": _("chưa được mở"),
        "state_todo": _("chưa làm"),
        "state_pending": _("đang hẹn"),
        "state_done": _("đã xong"),
        "state_lost": _("không phỏng vấn được"),
        "state_draft": _("đang làm dở"),
        "no_call": _("Chưa đến hộ này lần nào."),
        "last_call": _("Lần trước ({day}): {outcome}."),
        "has_draft": _("Có một phiếu đang làm dở ở hộ này."),
        "is_done": _("Hộ này đã xong."),
        "begin": _("Bắt đầu phỏng vấn"),
        "go_on": _("Làm tiếp phiếu dở"),
        "give_out": _("Để lại phiếu giấy, thu sau"),
        "collect": _("Đã thu phiếu: nhập phiếu giấy"),
        "not_returned": _("Không thu lại được phiếu"),
        "note_call": _("Ghi kết quả lần đến"),
        "when": _("Ngày giờ hẹn (nếu có)"),
        "when_hint": _("Ngày giờ hẹn chỉ nằm trên máy này, không gửi đi."),
        "keep": _("Ghi kết quả"),
        "confirm_final": _("Đây là kết quả cuối của hộ {n}. Chỉ ghi khi không còn đến lại nữa."),
        "confirm_spare": _("Sau đó một hộ dự phòng được mở để thay."),
        "confirm_draft": _("Phiếu đang làm dở ở hộ này sẽ bị bỏ."),
    }


def _outcomes() -> dict[str, str]:
    return {
        "group_later": _("Sẽ quay lại"),
        "group_absent": _("Không gặp"),
        "group_refused": _("Từ chối"),
        "group_unable": _("Không trả lời được"),
        "group_place": _("Về ngôi nhà"),
        "group_nobody": _("Không thuộc diện hỏi"),
        "outcome_appointment": _("Hẹn lại hoặc sẽ đến lại"),
        "outcome_given_out": _("Đã phát phiếu, chờ thu"),
        "outcome_nobody_home": _("Không có ai ở nhà, đã đến nhiều lần"),
        "outcome_respondent_away": _("Người được chọn vắng suốt đợt"),
        "outcome_refusal_household": _("Hộ từ chối"),
        "outcome_refusal_respondent": _("Người được chọn từ chối"),
        "outcome_break_off": _("Bỏ giữa chừng"),
        "outcome_deceased": _("Người được chọn đã mất"),
        "outcome_unable": _("Người được chọn ốm hoặc không đủ khả năng trả lời"),
        "outcome_language": _("Không có ngôn ngữ chung, không có người phiên dịch"),
        "outcome_not_found": _("Không tìm thấy nhà"),
        "outcome_not_dwelling": _("Không phải nhà ở"),
        "outcome_vacant": _("Nhà bỏ trống"),
        "outcome_unsafe": _("Không đến được hoặc không an toàn"),
        "outcome_nobody_eligible": _("Không có ai từ 18 tuổi"),
        "outcome_quota_filled": _("Địa bàn đã đủ số phiếu"),
        "outcome_not_returned": _("Không thu lại được phiếu đã phát"),
        "outcome_complete": _("Đã phỏng vấn xong"),
        "outcome_partial": _("Đã phỏng vấn một phần"),
    }


def _before() -> dict[str, str]:
    return {
        "eligible_title": _("Có bao nhiêu người từ 18 tuổi trở lên sống ở hộ này?"),
        "eligible_hint": _("Tính người thường sống ở đây, kể cả người đang vắng hôm nay."),
        "eligible_again": _(
            "Số đã bấm là {n}. Chỉ đổi khi bấm nhầm: "
            "số đã bấm vẫn được ghi và báo cho giám sát viên."
        ),
        "eligible_nobody": _("Không có ai"),
        "selection_title": _("Hỏi ai trong hộ?"),
        "kish_men": _("Ghi ra giấy những người đàn ông từ 18 tuổi, người lớn tuổi nhất trước."),
        "kish_women": _("Ghi tiếp những người phụ nữ từ 18 tuổi, người lớn tuổi nhất trước."),
        "kish_number": _("Đánh số từ 1 theo đúng thứ tự đó."),
        "kish_person": _("Hỏi người số"),
        "kish_of": _("trong {n} người"),
        "kish_show": _("Xem bảng chọn"),
        "kish_table": _("Bảng {table} của Kish, đã định trước cho hộ này"),
        "kish_adults": _("Số người từ 18 tuổi"),
        "kish_ask": _("Hỏi người số"),
        "kish_six": _("6 trở lên"),
        "birthday_rule": _(
            "Hỏi: «Trong những người từ 18 tuổi trở lên ở đây, ai có ngày sinh nhật sắp tới gần "
            "nhất?» Chỉ hỏi người đó."
        ),
        "birthday_once": _("Không hỏi người tiện gặp hơn."),
        "selection_fixed": _(
            "Người đã được chọn không đổi, kể cả khi vắng hay từ chối: hẹn lại hoặc ghi kết quả."
        ),
        "selection_recount": _("Tôi bấm nhầm số người"),
        "selection_met": _("Gặp được người này"),
        "selection_leave": _("Đã để lại phiếu cho người này"),
        "selection_not": _("Không hỏi được người này"),
        "language_title": _("Phỏng vấn bằng tiếng nào?"),
        "language_paper": _("Phiếu giấy viết bằng tiếng nào?"),
        "presence_title": _("Ngoài người trả lời còn ai ở đó?"),
        "presence_hint": _("Chọn tất cả những người có mặt. Nếu được, xin mời họ đợi ở chỗ khác."),
        "presence_household": _("Người trong nhà"),
        "presence_village_head": _("Trưởng ấp, trưởng khóm"),
        "presence_official": _("Cán bộ, công chức"),
        "presence_other": _("Người khác"),
        "presence_nobody": _("Không có ai khác"),
        "interpreter_title": _("Ai phiên dịch?"),
        "interpreter_nobody": _("Không cần phiên dịch"),
        "interpreter_relative": _("Người thân hoặc hàng xóm"),
        "interpreter_official": _("Trưởng ấp hoặc cán bộ"),
        "interpreter_other": _("Người khác"),
        "consent_hand": _("Đưa máy cho người được hỏi tự đọc và tự bấm, hoặc đọc to nguyên văn."),
        "consent_title": _("Ông/Bà có đồng ý trả lời không?"),
        "consent_short": _(
            "Câu trả lời chỉ dùng để tính chỉ số hài lòng. Ông/Bà dừng lúc nào cũng được."
        ),
        "consent_more": _("Đọc đầy đủ"),
        "agree": _("Tôi đồng ý"),
        "decline": _("Không, cảm ơn"),
        "place_ask": _("Cho phép ghi nơi phỏng vấn, chỉ chính xác khoảng 1 km (không bắt buộc)"),
        "place_kept": _("Đã ghi."),
        "place_unknown": _("Máy chưa xác định được vị trí."),
        "paper_consent": _("Trên phiếu, người trả lời có đánh dấu đồng ý không?"),
        "paper_yes": _("Có đánh dấu"),
        "paper_no": _("Không đánh dấu"),
    }


def _interview() -> dict[str, str]:
    return {
        "leave": _("Lưu và ra"),
        "stop": _("Dừng"),
        "stop_title": _("Dừng phỏng vấn?"),
        "stop_later": _("Lưu phiếu dở, làm tiếp sau"),
        "stop_partial": _("Kết thúc và nộp phần đã trả lời"),
        "stop_break_off": _("Người trả lời bỏ giữa chừng, không cho dùng câu trả lời"),
        "hand_over_title": _("Xin đưa máy cho Ông/Bà tự trả lời"),
        "hand_over_lead": _("Mấy câu tiếp theo Ông/Bà tự đọc và tự bấm. Không ai nhìn màn hình."),
        "hand_over_lock": _(
            "Khi Ông/Bà trả lại máy, các câu này được khóa: trên máy không ai mở ra xem hay sửa "
            "được nữa."
        ),
        "hand_over_begin": _("Tôi đang cầm máy, bắt đầu"),
        "hand_over_hint": _("Điều tra viên: đưa máy, đứng cách xa, không nhìn màn hình."),
        "hand_back_title": _("Cảm ơn Ông/Bà. Xin trả máy lại cho điều tra viên"),
        "hand_back_lead": _("Các câu vừa trả lời đã được khóa."),
        "hand_back_go": _("Tôi là điều tra viên, làm tiếp"),
        "not_saved": _(
            "Chưa lưu được câu trả lời vừa nhập: bộ nhớ máy có thể đã đầy. Đừng đóng ứng dụng; xóa "
            "bớt ảnh hoặc ứng dụng khác rồi làm tiếp."
        ),
        "review_title": _("Xem lại phiếu"),
        "review_lead": _("Kiểm tra cùng người trả lời. Nộp rồi thì không sửa được trên máy nữa."),
        "private_done": _("Các câu đã trả lời riêng được khóa và không hiện ở đây."),
        "to_mend": _("Câu này chưa có câu trả lời hợp lệ. Xin hỏi lại, rồi nộp phiếu."),
        "no_answer": _("không trả lời"),
        "mend": _("Sửa"),
        "mend_this": _("Sửa: {text}"),
        "finish": _("Nộp phiếu"),
        "saving": _("Đang niêm phong phiếu…"),
        "not_finished": _("Chưa nộp được phiếu"),
        "not_finished_hint": _(
            "Phiếu vẫn còn nguyên trong phần đang làm dở. Xin xóa bớt ảnh hoặc ứng dụng khác rồi "
            "bấm «Thử lại»."
        ),
        "try_again": _("Thử lại"),
        "finished": _("Đã nộp phiếu"),
        "received": _("Hệ thống đã nhận phiếu."),
        "receipt": _("Mã nhận phiếu"),
        "kept_sealed": _(
            "Phiếu đã được niêm phong và lưu trên máy này, sẽ tự gửi khi có mạng. Từ giờ không ai "
            "mở phiếu trên máy được nữa."
        ),
        "needs_help": _("Phiếu đã được lưu trên máy; hệ thống chưa nhận, cần người phụ trách xem."),
        "to_area": _("Về danh sách hộ"),
    }


def _tablet() -> dict[str, str]:
    return {
        "all_sent": _("Mọi thứ đã gửi và hệ thống đã xác nhận nhận được."),
        "waiting_forms": _("Còn {n} phiếu nằm trên máy, sẽ tự gửi khi có mạng."),
        "waiting_visits": _("Còn {n} kết quả lần đến chờ gửi."),
        "waiting_help": _("{n} mục cần người phụ trách xem; vẫn nằm an toàn trên máy."),
        "last_contact": _("Liên lạc với hệ thống lần cuối: {when}."),
        "never_contact": _("Chưa liên lạc được với hệ thống lần nào."),
        "send_now": _("Gửi ngay"),
        "sent_now": _("Đã liên lạc với hệ thống."),
        "no_network": _("Chưa liên lạc được với hệ thống. Máy sẽ tự thử lại, không mất gì."),
        "no_forms": _("Chưa có phiếu nào được nộp trên máy này."),
        "form": _("Phiếu {id}"),
        "form_saved": _("đã lưu, chờ gửi"),
        "form_sending": _("đang gửi"),
        "form_received": _("đã nhận, mã {code}"),
        "form_needs-help": _("cần người phụ trách xem"),
        "visits_state": _("Kết quả lần đến: {waiting} chờ gửi, {help} cần xem."),
        "export_title": _("Giao phiếu bằng tệp"),
        "export_lead": _(
            "Khi lâu không có mạng: lưu mọi phiếu chưa gửi vào một tệp đã niêm phong và đưa cho "
            "giám sát viên. Phiếu vẫn ở lại trên máy cho đến khi hệ thống xác nhận."
        ),
        "export": _("Lưu vào tệp"),
        "exported": _("Đã lưu vào tệp: {n} mục."),
        "enrol_again": _("Nhập mã đăng ký mới"),
        "refused": _("Hệ thống từ chối máy này. Xin báo người quản trị; phiếu vẫn nằm trên máy."),
        "nearly_full": _(
            "Bộ nhớ sắp đầy, còn khoảng {n} MB. Xin gửi phiếu và xóa bớt ảnh hoặc ứng dụng khác."
        ),
        "not_persisted": _(
            "Trình duyệt chưa cam kết giữ dữ liệu khi máy thiếu chỗ. Xin cài ứng dụng vào màn hình "
            "chính và gửi phiếu mỗi ngày."
        ),
        "seven_days": _(
            "Trên iPhone và iPad, Safari xóa dữ liệu của trang không mở trong 7 ngày. Xin bấm Chia "
            "sẻ, chọn «Thêm vào MH chính» và làm việc từ biểu tượng đó; gửi phiếu mỗi ngày."
        ),
        "update_ready": _("Đã có bản mới của ứng dụng. Dữ liệu trên máy giữ nguyên."),
        "update_now": _("Dùng bản mới"),
        "refresh": _("Cập nhật phân công"),
        "fact_device": _("Tên máy"),
        "fact_surveyor": _("Điều tra viên"),
        "fact_version": _("Phiên bản"),
        "fact_contact": _("Liên lạc"),
        "fact_storage": _("Bộ nhớ"),
        "fact_kept": _("Giữ dữ liệu"),
        "storage": _("dùng {used} MB trong {all} MB"),
        "unknown": _("không rõ"),
        "kept_yes": _("Trình duyệt cam kết giữ"),
        "kept_no": _("Trình duyệt chưa cam kết"),
        "speak": _("Ngôn ngữ của ứng dụng"),
    }
